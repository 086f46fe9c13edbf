-- What a namespace keeps, by key: no values. p_after: the `next` of the page before. Looks at ten times p_limit keys at most, so
-- that a page may have fewer than p_limit of them though others follow: what was voided is still there until a sweep finds it.
create function core_api.cache_list(p_namespace text, p_after text default null, p_limit int default 100, p_project text default null)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('cache:read', 'cache', p_project, p_namespace, 'read');
  v_cleared bigint := core.cache_void_version(v_project, p_namespace, '{}');
  v_most int;
  v_seen int;
  v_last text;
  v_rows jsonb;
begin
  v_ok := core.cache_require_namespace(p_namespace);
  v_ok := core.require_page(p_limit);
  v_most := p_limit * 10;
  with seen as materialized (
    select c.key, c.size, c.tags, c.version, c.writer, c.fresh_until, c.gone_at, c.value is not null as is_entry from core.cache_entry c
    where c.project = v_project and c.namespace = p_namespace and c.key > coalesce(p_after, '')
    order by c.key limit v_most
  ), page as (
    select s.* from seen s
    where s.is_entry and s.gone_at > clock_timestamp() and s.version > v_cleared and (s.tags = '{}' or not exists (
      select from core.cache_epoch e
      where e.project = v_project and e.namespace = p_namespace and e.tag = any (s.tags) and e.version >= s.version))
    order by s.key limit p_limit
  )
  select (select count(*) from seen), (select max(s.key) from seen s), (
    select coalesce(jsonb_agg(jsonb_build_object('key', p.key, 'size', p.size, 'tags', p.tags, 'version', p.version, 'writer', p.writer,
      'fresh_until', p.fresh_until, 'gone_at', p.gone_at) order by p.key), '[]') from page p)
  into v_seen, v_last, v_rows;
  return jsonb_build_object('ok', true, 'entries', v_rows, 'next', case
    when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'key'
    when v_seen = v_most then v_last end);
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
