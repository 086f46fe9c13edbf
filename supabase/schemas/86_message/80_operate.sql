-- What needs doing when no process receives: takes deliveries from dead processes, ends what has expired, counts, and forgets
-- what ended before p_keep. At most p_limit of each. Owner only.
create function core_api.message_sweep(p_keep interval default '7 days', p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text;
  v_refreshed int := 0;
  v_messages uuid[];
  v_ended int;
begin
  v_ok := core.authorize('message:sweep', null);
  v_ok := core.require_page(p_limit);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  end if;
  for v_project in
    select distinct d.recipient from (
      (select recipient from core.message_delivery where state = 'leased' and leased_until <= (select clock_timestamp()) order by leased_until limit p_limit)
      union all
      (select recipient from core.message_delivery where state = 'delayed' and due_at <= (select clock_timestamp()) order by due_at limit p_limit)
      union all
      (select recipient from core.message_delivery where expires_at <= (select clock_timestamp()) order by expires_at limit p_limit)
    ) d order by 1
  loop
    v_refreshed := v_refreshed + core.message_refresh(v_project, p_limit);
  end loop;
  with old as (
    select id from core.message_done where ended_at < (select clock_timestamp() - p_keep) order by ended_at limit p_limit for update skip locked
  ), gone as (
    delete from core.message_done d using old where d.id = old.id returning d.message
  )
  select array_agg(distinct message), count(*) into v_messages, v_ended from gone;
  v_messages := coalesce(v_messages, '{}') || array(
    select id from core.message where not has_deliveries and sent_at < (select clock_timestamp() - p_keep)
      and sent_at + make_interval(secs => ttl_s) < (select clock_timestamp() - p_keep) order by sent_at limit p_limit);
  delete from core.message m where m.id = any (v_messages) and not exists (select from core.message_delivery d where d.message = m.id)
    and not exists (select from core.message_done d where d.message = m.id);
  for v_project in
    select project from core.message_count where counted_at < (select clock_timestamp() - interval '15 seconds') order by counted_at limit 100
  loop
    if pg_try_advisory_xact_lock(hashtextextended('message_count:' || v_project, 0)) then perform core.message_recount(v_project); end if;
  end loop;
  return jsonb_build_object('ok', true, 'refreshed', v_refreshed, 'swept', greatest(v_ended, cardinality(v_messages)));
end
$$;
comment on function core_api.message_sweep is 'Takes deliveries from dead processes, ends what has expired, and forgets what ended before an interval. Owner only.';
revoke execute on function core_api.message_sweep from public;
grant execute on function core_api.message_sweep to service_role;

-- All inboxes in figures, as of their last counts. Owner only.
create function core_api.message_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('message:sweep', null);
begin
  return (select jsonb_build_object('ok', true, 'ready', coalesce(sum(c.ready), 0), 'held', coalesce(sum(c.leased), 0),
    'pending', coalesce(sum(c.delayed + c.waiting), 0), 'dead_attempts', coalesce(sum(c.dead - c.dead_expired - c.dead_rejected), 0),
    'dead_expired', coalesce(sum(c.dead_expired), 0), 'dead_rejected', coalesce(sum(c.dead_rejected), 0),
    'oldest_s', coalesce(extract(epoch from clock_timestamp() - min(c.oldest_at)), 0)::float8) from core.message_count c);
end
$$;
comment on function core_api.message_totals is 'All inboxes in figures, as of the last counts. Owner only.';
revoke execute on function core_api.message_totals from public;
grant execute on function core_api.message_totals to service_role;
