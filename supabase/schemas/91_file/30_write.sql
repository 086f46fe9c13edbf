-- Uploads: begin holds the quota, commit makes the file. The control plane alone calls the two, with the claims of the caller: it
-- knows the stores, and what is in them.

create function core.file_refuse_taken(p_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT412', 'file_exists', format('there is a file %s', quote_literal(left(p_name, 100))), 'Use another name, or replace the file.');
end
$$;
comment on function core.file_refuse_taken is 'Raises PT412: a file has this name.';

-- Begins an upload. Replays on p_key. Denies file_quota_exceeded; p_if_absent refuses a name that a file has. Locks: the space.
create function core_api.file_begin(
  p_key text, p_name text, p_size bigint, p_store text, p_content_type text default 'application/octet-stream', p_ttl_s int default 3600,
  p_project text default null, p_if_absent boolean default false
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_project text := core.enter('file:write', p_project);
  v_space core.file_space;
  v_upload core.file_upload;
begin
  perform core.require_key(p_key);
  perform core.file_require_name(p_name);
  perform core.require_range('size', p_size, 0, 9007199254740991);
  perform core.require_range('ttl_s', p_ttl_s, 1, 604800);
  if p_content_type is null or length(p_content_type) > 255 or p_content_type !~ '^[!-~]+/[ -~]+$' then
    perform core.refuse('PT400', 'invalid_content_type', 'content_type is not a media type', 'Use one such as audio/wav.',
      jsonb_build_object('field', 'contentType'));
  elsif p_store is null or p_store !~ '^[a-z][a-z0-9-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_store', 'store is missing', null, jsonb_build_object('field', 'store'));
  end if;
  v_space := core.file_lock(v_project);
  select * into v_upload from core.file_upload where project = v_project and key = p_key;
  if v_upload.id is not null then
    if (v_upload.name, v_upload.size, v_upload.content_type) is distinct from (p_name, p_size, p_content_type) then
      perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key was used for another upload', 'Use a new key for a new upload.');
    end if;
    return jsonb_build_object('ok', true, 'replayed', true) || core.file_upload_view(v_upload);
  elsif p_if_absent and exists (select from core.file where project = v_project and name = p_name) then
    perform core.file_refuse_taken(p_name);
  elsif v_space.used_bytes + v_space.held_bytes + p_size > v_space.quota_bytes then
    return jsonb_build_object('ok', false, 'code', 'file_quota_exceeded', 'size', p_size, 'quota_bytes', v_space.quota_bytes,
      'used_bytes', v_space.used_bytes, 'held_bytes', v_space.held_bytes);
  end if;
  insert into core.file_upload (project, key, name, store, size, content_type, expires_at)
  values (v_project, p_key, p_name, p_store, p_size, p_content_type, clock_timestamp() + make_interval(secs => p_ttl_s))
  returning * into v_upload;
  update core.file_space set held_bytes = held_bytes + p_size where project = v_project;
  return jsonb_build_object('ok', true, 'replayed', false) || core.file_upload_view(v_upload);
end
$$;
comment on function core_api.file_begin is 'Begins an upload and holds its size of the quota.';
revoke execute on function core_api.file_begin from public;
grant execute on function core_api.file_begin to service_role;

create function core_api.file_upload(p_upload uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('file:write', p_project);
  v_upload core.file_upload;
begin
  select * into v_upload from core.file_upload where id = p_upload and project = v_project;
  if v_upload.id is null or v_upload.status = 'ended' then perform core.file_refuse('upload'); end if;
  return jsonb_build_object('ok', true) || core.file_upload_view(v_upload);
end
$$;
comment on function core_api.file_upload is 'An upload that is open or committed. PT404 where there is none.';
revoke execute on function core_api.file_upload from public;
grant execute on function core_api.file_upload to core_member, service_role;

-- Makes the file of an upload whose object is in its store, and replaces what was there; with p_if_absent only where nothing was:
-- of several uploads at once one makes the file. Idempotent. Locks: the space.
create function core_api.file_commit(p_upload uuid, p_size bigint, p_etag text, p_sha256 text default null, p_project text default null,
  p_if_absent boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_project text := core.enter('file:write', p_project);
  v_upload core.file_upload;
  v_old core.file;
  v_new core.file;
begin
  perform core.file_lock(v_project);
  select * into v_upload from core.file_upload where id = p_upload and project = v_project;
  select * into v_old from core.file where project = v_project and name = v_upload.name;
  if v_upload.id is null or v_upload.status = 'ended' or (v_upload.status = 'committed' and v_old.object is distinct from p_upload) then
    perform core.file_refuse('upload');
  elsif v_upload.status = 'committed' then
    return jsonb_build_object('ok', true, 'replayed', true) || core.file_view(v_old);
  elsif p_if_absent and v_old.object is not null then
    perform core.file_refuse_taken(v_upload.name);
  elsif p_size is distinct from v_upload.size then
    perform core.refuse('PT409', 'file_size', format('the upload was begun with %s bytes, and the store has %s', v_upload.size, coalesce(p_size::text, 'none')),
      'Begin another upload with the right size.', jsonb_build_object('expected', v_upload.size, 'found', p_size));
  elsif p_etag is null or length(p_etag) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_etag', 'etag is missing', null, jsonb_build_object('field', 'etag'));
  elsif p_sha256 !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_sha256', 'sha256 must be 64 hexadecimal digits', null, jsonb_build_object('field', 'sha256'));
  end if;
  update core.file_upload set status = 'committed' where id = p_upload;
  if v_old.object is not null then
    perform core.file_discard(v_old.object, v_old.store, v_project, v_old.name, clock_timestamp() + interval '1 minute');
  end if;
  insert into core.file as f (project, name, object, store, size, content_type, sha256, etag)
  values (v_project, v_upload.name, v_upload.id, v_upload.store, v_upload.size, v_upload.content_type, p_sha256, p_etag)
  on conflict on constraint file_pkey do update set object = excluded.object, store = excluded.store, size = excluded.size,
    content_type = excluded.content_type, sha256 = excluded.sha256, etag = excluded.etag, created_at = excluded.created_at, created_by = excluded.created_by
  returning * into v_new;
  update core.file_space set held_bytes = held_bytes - v_upload.size, used_bytes = used_bytes + v_upload.size - coalesce(v_old.size, 0),
    file_count = file_count + case when v_old.object is null then 1 else 0 end
  where project = v_project;
  perform core.audit('file.put', 'file:' || v_project || '/' || v_new.name, v_project,
    case when v_old.object is not null then core.file_view(v_old) end, core.file_view(v_new));
  return jsonb_build_object('ok', true, 'replayed', false) || core.file_view(v_new);
end
$$;
comment on function core_api.file_commit is 'Makes the file of an upload, or replaces it.';
revoke execute on function core_api.file_commit from public;
grant execute on function core_api.file_commit to service_role;

-- Ends an upload that is not committed, and gives its quota back. Idempotent. Locks: the space.
create function core_api.file_abort(p_upload uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_project text := core.enter('file:write', p_project);
  v_upload core.file_upload;
begin
  perform core.file_lock(v_project);
  select * into v_upload from core.file_upload where id = p_upload and project = v_project;
  if v_upload.id is null then perform core.file_refuse('upload'); end if;
  if v_upload.status = 'open' then perform core.file_end(v_upload); end if;
  return jsonb_build_object('ok', true, 'ended', v_upload.status = 'open');
end
$$;
comment on function core_api.file_abort is 'Ends an upload that is not committed.';
revoke execute on function core_api.file_abort from public;
grant execute on function core_api.file_abort to core_member, service_role;

-- Removes a file; its object is deleted a minute later. Answers with what it was. Locks: the space.
create function core_api.file_remove(p_name text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_project text := core.enter('file:write', p_project);
  v_file core.file;
begin
  perform core.file_lock(v_project);
  delete from core.file where project = v_project and name = p_name returning * into v_file;
  if v_file.object is null then perform core.file_refuse('file'); end if;
  perform core.file_discard(v_file.object, v_file.store, v_project, v_file.name, clock_timestamp() + interval '1 minute');
  update core.file_space set used_bytes = used_bytes - v_file.size, file_count = file_count - 1 where project = v_project;
  perform core.audit('file.remove', 'file:' || v_project || '/' || v_file.name, v_project, core.file_view(v_file), null);
  return jsonb_build_object('ok', true) || core.file_view(v_file);
end
$$;
comment on function core_api.file_remove is 'Removes a file. PT404 where there is none.';
revoke execute on function core_api.file_remove from public;
grant execute on function core_api.file_remove to core_member, service_role;

-- Sets how many bytes the files of a project may take. Below what they take, only new uploads are denied. Idempotent. Locks: the space.
create function core_api.file_quota_set(p_project text, p_bytes bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_ok boolean := core.authorize('file:operate', null);
  v_old core.file_space;
  v_new core.file_space;
begin
  v_ok := core.require_range('bytes', p_bytes, 0, 9007199254740991);
  if not exists (select from core.project where name = p_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))), 'Register the project first.');
  end if;
  v_old := core.file_lock(p_project);
  update core.file_space set quota_bytes = p_bytes where project = p_project returning * into v_new;
  if v_new.quota_bytes <> v_old.quota_bytes then
    perform core.audit('file.quota', 'file_quota:' || p_project, p_project,
      jsonb_build_object('quota_bytes', v_old.quota_bytes), jsonb_build_object('quota_bytes', v_new.quota_bytes));
  end if;
  return jsonb_build_object('ok', true) || core.file_space_view(v_new);
end
$$;
comment on function core_api.file_quota_set is 'Sets the quota of a project''s files. Owner only.';
revoke execute on function core_api.file_quota_set from public;
grant execute on function core_api.file_quota_set to service_role;

create function core.file_space_view(p_space core.file_space) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('quota_bytes', p_space.quota_bytes, 'used_bytes', p_space.used_bytes, 'held_bytes', p_space.held_bytes,
    'file_count', p_space.file_count)
$$;
comment on function core.file_space_view is 'What the files of a project take.';
