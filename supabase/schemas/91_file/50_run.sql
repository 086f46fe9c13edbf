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
