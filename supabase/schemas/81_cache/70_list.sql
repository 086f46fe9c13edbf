-- What a namespace keeps, by key: no values. p_after: the `next` of the page before.
create function core_api.cache_list(p_namespace text, p_after text default null, p_limit int default 100, p_project text default null)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
  v_rows jsonb;
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.require_page(p_limit);
  select coalesce(jsonb_agg(jsonb_build_object('key', e.key, 'size', e.size, 'tags', e.tags, 'version', e.version, 'writer', e.writer,
    'fresh_until', e.fresh_until, 'gone_at', e.gone_at) order by e.key), '[]') into v_rows
  from (
    select c.* from core.cache_entry c
    where c.project = v_project and c.namespace = p_namespace and (p_after is null or c.key > p_after)
      and c.value is not null and c.gone_at > clock_timestamp()
      and c.version > core.cache_void_version(v_project, p_namespace, c.tags)
    order by c.key limit p_limit
  ) e;
  return jsonb_build_object('ok', true, 'entries', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'key' end);
end
$$;
comment on function core_api.cache_list is 'The keys of a namespace with size, tags, times and writer, page by page.';
revoke execute on function core_api.cache_list from public;
grant execute on function core_api.cache_list to core_member, service_role;

-- The shared tier of all projects in figures. What is counted is at most a minute old where sweeps run.
create function core_api.cache_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('cache:read', null);
  return (
    select jsonb_build_object('ok', true, 'projects', count(*), 'entries', coalesce(sum(u.entries), 0), 'bytes', coalesce(sum(u.bytes), 0),
      'expiry_lag_s', coalesce((select greatest(0, extract(epoch from clock_timestamp() - min(e.gone_at))) from core.cache_entry e), 0))
    from core.cache_usage u);
end
$$;
comment on function core_api.cache_totals is 'Entries and bytes of the shared tier, and how far sweeps are behind. Owner only.';
revoke execute on function core_api.cache_totals from public;
grant execute on function core_api.cache_totals to service_role;
