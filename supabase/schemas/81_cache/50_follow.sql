-- The head of the events. In a copy of the database it is another one, because what happened between the two is unknown.
create function core.cache_head_of_now() returns core.cache_head
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_head core.cache_head;
  v_home text := core.xid_home();
begin
  select * into v_head from core.cache_head;
  if v_head.home = v_home then return v_head; end if;
  insert into core.cache_head as h default values on conflict on constraint cache_head_pkey do update
    set epoch = excluded.epoch, home = excluded.home, trimmed = '0' where h.home <> excluded.home;
  select * into v_head from core.cache_head;
  return v_head;
end
$$;
comment on function core.cache_head_of_now is 'The head of the events, recreated where a crash emptied it or the database was copied.';

create function core.cache_enter_namespaces(p_project text, p_namespaces text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text;
  v_name text;
begin
  if p_namespaces is null then return core.enter('cache:read', p_project); end if;
  perform core.cache_require_names('namespaces', p_namespaces, 1000);
  foreach v_name in array p_namespaces loop
    v_project := core.enter_shared('cache:read', 'cache', p_project, v_name, 'read');
  end loop;
  return v_project;
end
$$;
comment on function core.cache_enter_namespaces is 'Authorises a reader of some namespaces, or without any named of all in its project, and returns the owning project.';

-- What changed after a cursor, oldest first, of what has become final: an event of a transaction that is still open, and
-- all behind it, wait for the next call. A cursor of another epoch, or older than what is remembered, gets reset: true and
-- the present end. Without a cursor the answer has the end and no events. Without p_namespaces it is about all of the
-- caller's own project; those of another project have to be named, and each of them shared.
create function core_api.cache_poll(p_cursor text default null, p_limit int default 1000, p_project text default null,
  p_namespaces text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text;
  v_head core.cache_head;
  v_final xid8 := core.final_xid();
  v_parts text[] := string_to_array(p_cursor, ':');
  v_after xid8;
  v_after_id bigint;
  v_events jsonb := '[]';
begin
  v_project := core.cache_enter_namespaces(p_project, p_namespaces);
  v_ok := core.require_page(p_limit);
  if p_cursor is not null and p_cursor !~ '^[0-9a-f-]{36}:[0-9]{1,19}:[0-9]{1,18}$' then
    perform core.refuse('PT400', 'invalid_cursor', 'cursor must be one that cache_poll answered', null, jsonb_build_object('field', 'cursor'));
  end if;
  v_head := core.cache_head_of_now();
  if p_cursor is not null and v_parts[1] = v_head.epoch::text and v_parts[2]::xid8 >= v_head.trimmed then
    v_after := v_parts[2]::xid8;
    v_after_id := v_parts[3]::bigint;
    select coalesce(jsonb_agg(jsonb_build_object('type', e.type, 'namespace', e.namespace, 'name', e.name, 'version', e.version,
      'origin', e.origin) order by e.xid, e.id), '[]') into v_events
    from (
      select * from core.cache_event
      where project = v_project and (xid, id) > (v_after, v_after_id) and xid < v_final
        and (p_namespaces is null or namespace = any (p_namespaces))
      order by xid, id limit p_limit
    ) e;
    if jsonb_array_length(v_events) = p_limit then
      select e.xid, e.id into v_after, v_after_id from core.cache_event e
      where e.project = v_project and (e.xid, e.id) > (v_after, v_after_id) and e.xid < v_final
        and (p_namespaces is null or e.namespace = any (p_namespaces))
      order by e.xid, e.id offset p_limit - 1 limit 1;
      return jsonb_build_object('ok', true, 'reset', false, 'events', v_events, 'more', true,
        'cursor', concat_ws(':', v_head.epoch, v_after, v_after_id));
    end if;
  end if;
  -- Everything below the final number is known: the next call begins there.
  return jsonb_build_object('ok', true, 'reset', p_cursor is not null and v_after is null, 'events', v_events, 'more', false,
    'cursor', concat_ws(':', v_head.epoch, v_final, 0));
end
$$;
comment on function core_api.cache_poll is 'What other processes changed in a project''s caches since a cursor.';
revoke execute on function core_api.cache_poll from public;
grant execute on function core_api.cache_poll to core_member, service_role;

-- Wakes the processes that follow a project's caches: they look at once instead of with their next poll. A call of its
-- own, after the change and for many at a time, because a notification inside the transaction of the change would
-- serialise commits. A hint that is lost costs one poll. p_origin comes back to who listens.
create function core_api.cache_hint(p_namespace text, p_origin text default '', p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
begin
  v_ok := core.cache_require_namespace(p_namespace);
  if p_origin is null or length(p_origin) > 100 then
    perform core.refuse('PT400', 'invalid_origin', 'origin must be a text of at most 100 characters', null, jsonb_build_object('field', 'origin'));
  end if;
  perform pg_notify('core_cache', v_project || ':' || p_origin);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.cache_hint is 'Wakes the processes that follow a project''s caches. A hint: what changed is in cache_poll.';
revoke execute on function core_api.cache_hint from public;
grant execute on function core_api.cache_hint to core_member, service_role;
