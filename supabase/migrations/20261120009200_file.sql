-- Generated from supabase/schemas/91_file by `npm run generate`. Do not edit.

-- supabase/schemas/91_file/10_tables.sql

-- Files of projects: their content is in a store outside the database, and here is what there is, how large it is, and where.
-- Content is never written over: each upload has an object of its own, and a row of core.file names the one that counts. So
-- a process that dies between object and row leaves a file as it was, and what it left is found here and deleted.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('file:read', 'List and read files', '{viewer,operator,admin,owner}', true, null),
  ('file:write', 'Upload and delete files', '{operator,admin,owner}', false, null),
  ('file:operate', 'Set quotas of files, move files between stores', '{}', false, null);

create table core.file_space (
  project text collate "C" constraint file_space_pkey primary key constraint file_space_project_fkey references core.project (name),
  quota_bytes bigint not null default 10737418240 constraint file_space_quota_range check (quota_bytes between 0 and 9007199254740991),
  used_bytes bigint not null default 0 constraint file_space_used_positive check (used_bytes >= 0),
  held_bytes bigint not null default 0 constraint file_space_held_positive check (held_bytes >= 0),
  file_count bigint not null default 0 constraint file_space_count_positive check (file_count >= 0)
);
comment on table core.file_space is 'What the files of a project take: the sums of core.file and of its open uploads. Its lock orders all changes of a project.';

create table core.file (
  project text collate "C" not null constraint file_project_fkey references core.project (name),
  name text collate "C" not null,
  object uuid not null,
  store text collate "C" not null,
  size bigint not null constraint file_size_positive check (size >= 0),
  content_type text not null,
  sha256 text constraint file_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
  etag text not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  constraint file_pkey primary key (project, name)
);
comment on table core.file is 'Files by project and name. The content is the object <project>/<object>/<name> of the store.';
comment on column core.file.sha256 is 'Null for what was written to the store directly, with a signed address.';
create index file_name_idx on core.file (project, name collate "C");
create index file_store_idx on core.file (store);

create table core.file_upload (
  id uuid constraint file_upload_pkey primary key default core.new_id(),
  project text collate "C" not null constraint file_upload_project_fkey references core.project (name),
  key text collate "C" not null,
  name text not null,
  store text not null,
  size bigint not null,
  content_type text not null,
  status text not null default 'open' constraint file_upload_status check (status in ('open', 'committed', 'ended')),
  expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint file_upload_key unique (project, key)
);
comment on table core.file_upload is 'Uploads by their idempotency key. An open one holds its size of the quota until it is committed or its time is over.';
create index file_upload_due_idx on core.file_upload (expires_at) where status = 'open';
create index file_upload_project_idx on core.file_upload (project, expires_at) where status = 'open';
create index file_upload_old_idx on core.file_upload (created_at) where status <> 'open';

create table core.file_trash (
  object uuid not null,
  store text collate "C" not null,
  project text not null,
  name text not null,
  due_at timestamptz not null,
  constraint file_trash_pkey primary key (object, store)
);
comment on table core.file_trash is 'Objects of which no row is left, until a control plane has deleted them from their store.';
create index file_trash_due_idx on core.file_trash (store, due_at);

-- supabase/schemas/91_file/20_steps.sql

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

-- supabase/schemas/91_file/30_write.sql

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

-- supabase/schemas/91_file/40_read.sql

-- What a project reads of its files.

create function core_api.file_get(p_name text, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_file core.file;
begin
  select * into v_file from core.file where project = v_project and name = p_name;
  if v_file.object is null then perform core.file_refuse('file'); end if;
  return jsonb_build_object('ok', true, 'object', v_file.object, 'store', v_file.store) || core.file_view(v_file);
end
$$;
comment on function core_api.file_get is 'A file and where its content is. PT404 where there is none.';
revoke execute on function core_api.file_get from public;
grant execute on function core_api.file_get to core_member, service_role;

-- Files whose names begin with p_prefix, by name, after p_after.
create function core_api.file_list(p_prefix text default '', p_after text default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_rows jsonb;
  v_next text;
begin
  perform core.require_page(p_limit);
  with page as (
    select f as file, f.name, row_number() over (order by f.name collate "C") as place
    from core.file f
    where f.project = v_project and starts_with(f.name, coalesce(p_prefix, '')) and f.name collate "C" >= coalesce(p_prefix, '') collate "C"
      and (p_after is null or f.name collate "C" > p_after collate "C")
    order by f.name collate "C" limit p_limit + 1)
  select coalesce(jsonb_agg(core.file_view(file) order by place) filter (where place <= p_limit), '[]'),
    max(name) filter (where place = p_limit and exists (select from page where place > p_limit))
  into v_rows, v_next from page;
  return jsonb_build_object('ok', true, 'files', v_rows, 'next', v_next);
end
$$;
comment on function core_api.file_list is 'The files of a project, by name.';
revoke execute on function core_api.file_list from public;
grant execute on function core_api.file_list to core_member, service_role;

create function core_api.file_usage(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('file:read', p_project);
  v_space core.file_space;
begin
  select * into v_space from core.file_space where project = v_project;
  if v_space.project is null then v_space := row(v_project, 10737418240, 0, 0, 0)::core.file_space; end if;
  return jsonb_build_object('ok', true) || core.file_space_view(v_space);
end
$$;
comment on function core_api.file_usage is 'What the files of a project take, and its quota.';
revoke execute on function core_api.file_usage from public;
grant execute on function core_api.file_usage to core_member, service_role;

-- supabase/schemas/91_file/50_run.sql

-- For the control plane: what it deletes from stores, and what it moves from one to another. Nothing here is a member's.

-- Ends uploads whose time is over, forgets old ones, and takes objects of these stores to delete, at most p_limit of each, and says
-- whether there may be more. An object that is not said to be deleted comes again after five minutes, behind the others: it keeps
-- none of them waiting. Locks: spaces, one after the other by project.
create function core_api.file_sweep(p_stores text[], p_limit int default 100) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('file:operate', null);
  v_project text;
  v_objects jsonb;
  v_forgotten int;
begin
  v_ok := core.require_page(p_limit);
  if coalesce(cardinality(p_stores), 0) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_stores', 'stores must be a list of 1 to 100 names', null, jsonb_build_object('field', 'stores'));
  end if;
  for v_project in
    select distinct u.project from (
      select project from core.file_upload where status = 'open' and expires_at <= (select clock_timestamp()) order by expires_at limit p_limit) u
    order by u.project
  loop
    perform core.file_lock(v_project);
  end loop;
  delete from core.file_upload where id in (
    select id from core.file_upload where status <> 'open' and created_at < (select clock_timestamp() - interval '8 days') limit p_limit for update skip locked);
  get diagnostics v_forgotten = row_count;
  with due as (
    select object, store from core.file_trash where store = any (p_stores) and due_at <= (select clock_timestamp())
    order by due_at limit p_limit for update skip locked),
  taken as (
    update core.file_trash t set due_at = clock_timestamp() + interval '5 minutes' from due where (t.object, t.store) = (due.object, due.store) returning t.*)
  select coalesce(jsonb_agg(jsonb_build_object('object', object, 'store', store, 'project', project, 'name', name)), '[]') into v_objects from taken;
  return jsonb_build_object('ok', true, 'objects', v_objects, 'forgotten', v_forgotten,
    'remaining', p_limit in (v_forgotten, jsonb_array_length(v_objects))
      or exists (select from core.file_upload where status = 'open' and expires_at <= (select clock_timestamp())));
end
$$;
comment on function core_api.file_sweep is 'Ends expired uploads and takes objects to delete from their stores. Owner only.';
revoke execute on function core_api.file_sweep from public;
grant execute on function core_api.file_sweep to service_role;

-- Idempotent. Locks: the rows.
create function core_api.file_swept(p_objects uuid[], p_stores text[]) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('file:operate', null);
  v_count int;
begin
  if coalesce(cardinality(p_objects), 0) <> coalesce(cardinality(p_stores), 0) or coalesce(cardinality(p_objects), 0) > 1000 then
    perform core.refuse('PT400', 'invalid_objects', 'objects and stores must be lists of one length, at most 1000', null, jsonb_build_object('field', 'objects'));
  end if;
  delete from core.file_trash t using unnest(p_objects, p_stores) as gone (object, store) where t.object = gone.object and t.store = gone.store;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'removed', v_count);
end
$$;
comment on function core_api.file_swept is 'Forgets objects that were deleted from their stores. Owner only.';
revoke execute on function core_api.file_swept from public;
grant execute on function core_api.file_swept to service_role;

-- A copy is at the place that the object had in the store before, where the deletion of the one left there would delete it.
create function core.file_require_deleted(p_objects uuid[], p_store text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from core.file_trash where object = any (p_objects) and store = p_store) then
    perform core.refuse('PT409', 'file_waits', 'files were moved out of this store a moment ago, and what they left in it is not deleted yet',
      'Move them in a few minutes.');
  end if;
end
$$;
comment on function core.file_require_deleted is 'Raises PT409 while one of these objects is still to be deleted from a store.';

-- By project and name, after p_after, which is <project>/<name>: what cannot be moved hides nothing behind it.
create function core_api.file_elsewhere(p_store text, p_after text default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(split_part(p_after, '/', 1), '');
  v_name text := coalesce(substr(p_after, length(v_project) + 2), '');
  v_objects uuid[];
  v_files jsonb;
begin
  perform core.authorize('file:operate', null);
  perform core.require_page(p_limit);
  select array_agg(f.object), coalesce(jsonb_agg(jsonb_build_object('project', f.project, 'object', f.object, 'store', f.store) || core.file_view(f)
    order by f.project, f.name), '[]')
  into v_objects, v_files
  from (select * from core.file where store <> p_store and (project, name) > (v_project, v_name) order by project, name limit p_limit) f;
  perform core.file_require_deleted(v_objects, p_store);
  return jsonb_build_object('ok', true, 'files', v_files);
end
$$;
comment on function core_api.file_elsewhere is 'Files whose content is in another store. PT409 while one was moved out of this store and is not deleted there. Owner only.';
revoke execute on function core_api.file_elsewhere from public;
grant execute on function core_api.file_elsewhere to service_role;

-- Says that the content of a file is in another store now. Where it was replaced meanwhile, the copy is deleted. Locks: the space.
create function core_api.file_moved(p_project text, p_object uuid, p_name text, p_store text, p_etag text, p_sha256 text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  v_ok boolean := core.authorize('file:operate', null);
  v_old core.file;
  v_new core.file;
begin
  perform core.file_lock(p_project);
  select * into v_old from core.file where project = p_project and name = p_name and object = p_object;
  if v_old.object is null then
    perform core.file_discard(p_object, p_store, p_project, p_name, clock_timestamp());
    return jsonb_build_object('ok', true, 'moved', false);
  elsif v_old.store = p_store then
    return jsonb_build_object('ok', true, 'moved', false);
  elsif v_old.sha256 is distinct from p_sha256 and v_old.sha256 is not null then
    perform core.refuse('PT409', 'file_changed', 'the copy has another sha256 than the file', 'Move it again.');
  end if;
  perform core.file_require_deleted(array[p_object], p_store);
  update core.file set store = p_store, etag = p_etag, sha256 = p_sha256 where project = p_project and name = v_old.name returning * into v_new;
  perform core.file_discard(p_object, v_old.store, p_project, v_old.name, clock_timestamp() + interval '1 minute');
  perform core.audit('file.move', 'file:' || p_project || '/' || v_old.name, p_project,
    core.file_view(v_old) || jsonb_build_object('store', v_old.store), core.file_view(v_new) || jsonb_build_object('store', v_new.store));
  return jsonb_build_object('ok', true, 'moved', true);
end
$$;
comment on function core_api.file_moved is 'Says that the content of a file was copied to another store. Owner only.';
revoke execute on function core_api.file_moved from public;
grant execute on function core_api.file_moved to service_role;

create function core_api.file_stats() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('file:operate', null);
  return jsonb_build_object('ok', true) || (
    select jsonb_build_object('files', coalesce(sum(file_count), 0), 'used_bytes', coalesce(sum(used_bytes), 0), 'held_bytes', coalesce(sum(held_bytes), 0))
    from core.file_space) || jsonb_build_object('trash', (select count(*) from (select from core.file_trash limit 100000) t));
end
$$;
comment on function core_api.file_stats is 'What all files take. Owner only.';
revoke execute on function core_api.file_stats from public;
grant execute on function core_api.file_stats to service_role;

-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
