-- What the functions of files share.

-- Raises PT400 unless it is a name: a key of a store that leaves room for the project and the object before it.
create function core.file_require_name(p_name text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_fault text := case
    when p_name is null or p_name = '' then 'is missing'
    when octet_length(p_name) > 800 then 'is longer than 800 bytes'
    when p_name is not nfc normalized then 'is not in the form NFC'
    when p_name ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' then 'has a control character'
    when '' = any (string_to_array(p_name, '/')) then 'has an empty segment'
    when string_to_array(p_name, '/') && '{.,..}' then 'has a segment . or ..' end;
begin
  if v_fault is not null then
    perform core.refuse('PT400', 'invalid_name', format('the name of the file %s', v_fault),
      'Use 1 to 800 bytes, segments with / between them, as audio/2026/call-1.wav.', jsonb_build_object('field', 'name'));
  end if;
  return true;
end
$$;
comment on function core.file_require_name is 'Raises PT400 unless a file can have this name.';

create function core.file_view(p_file core.file) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_file.name, 'size', p_file.size, 'content_type', p_file.content_type, 'sha256', p_file.sha256,
    'etag', p_file.etag, 'created_at', p_file.created_at, 'created_by', p_file.created_by)
$$;
comment on function core.file_view is 'A file as the API shows it.';

create function core.file_upload_view(p_upload core.file_upload) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('upload', p_upload.id, 'name', p_upload.name, 'store', p_upload.store, 'size', p_upload.size,
    'content_type', p_upload.content_type, 'status', p_upload.status, 'expires_at', p_upload.expires_at)
$$;
comment on function core.file_upload_view is 'An upload as the control plane reads it.';

-- The space of a project, locked until the transaction ends, without what expired uploads held. Locks: the space.
create function core.file_lock(p_project text) returns core.file_space
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_space core.file_space;
  v_upload core.file_upload;
begin
  insert into core.file_space (project) values (p_project) on conflict on constraint file_space_pkey do nothing;
  select * into v_space from core.file_space where project = p_project for update;
  for v_upload in
    select * from core.file_upload where project = p_project and status = 'open' and expires_at <= (select clock_timestamp()) order by expires_at limit 100
  loop
    v_space := core.file_end(v_upload);
  end loop;
  return v_space;
end
$$;
comment on function core.file_lock is 'Locks the space of a project and ends its uploads whose time is over, at most 100.';

-- Under the lock of the space. What a client may still be writing is deleted an hour later.
create function core.file_end(p_upload core.file_upload) returns core.file_space
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_space core.file_space;
begin
  update core.file_upload set status = 'ended' where id = p_upload.id;
  perform core.file_discard(p_upload.id, p_upload.store, p_upload.project, p_upload.name, greatest(p_upload.expires_at, clock_timestamp()) + interval '1 hour');
  update core.file_space set held_bytes = held_bytes - p_upload.size where project = p_upload.project returning * into v_space;
  return v_space;
end
$$;
comment on function core.file_end is 'Ends an open upload: gives its quota back and has its object deleted.';

create function core.file_discard(p_object uuid, p_store text, p_project text, p_name text, p_due timestamptz) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into core.file_trash (object, store, project, name, due_at) values (p_object, p_store, p_project, p_name, p_due)
  on conflict on constraint file_trash_pkey do nothing
$$;
comment on function core.file_discard is 'Has an object deleted from its store, not before a time: a reader may still be reading it.';

create function core.file_refuse(p_what text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', p_what || '_not_found', format('there is no such %s', p_what),
    case p_what when 'file' then 'List the files to find its name.' else 'Begin another upload: its time is over, or it was ended.' end);
end
$$;
comment on function core.file_refuse is 'Raises PT404: there is no such file or upload.';
