-- A message with what became of it: its sender sees all deliveries (at most 1,000), a recipient its own.
create function core_api.message_get(p_message uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:send', p_project);
  v_row core.message;
  v_deliveries jsonb;
begin
  select * into v_row from core.message where id = p_message;
  select coalesce(jsonb_agg(d.view order by d.recipient), '[]') into v_deliveries from (
    (select recipient, core.message_delivery_view(o) as view from core.message_delivery o where o.message = p_message and v_project in (o.recipient, o.sender) limit 1000)
    union all
    (select recipient, core.message_done_view(e) from core.message_done e where e.message = p_message and v_project in (e.recipient, e.sender) limit 1000)
    limit 1000
  ) d;
  if v_row.id is null or v_row.project <> v_project and v_deliveries = '[]' then perform core.message_refuse_unknown('message'); end if;
  return jsonb_build_object('ok', true, 'deliveries', v_deliveries) || core.message_view(v_row);
end
$$;
comment on function core_api.message_get is 'A message that the project sent or was sent, with its deliveries.';
revoke execute on function core_api.message_get from public;
grant execute on function core_api.message_get to core_member, service_role;

-- What became of a request that awaits a reply: waiting, replied, late (its deadline has passed) or dead. Only for its sender.
create function core_api.message_reply(p_message uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:send', p_project);
  v_row core.message;
  v_reply core.message;
  v_dead core.message_done;
begin
  select * into v_row from core.message where id = p_message and project = v_project and awaits_reply;
  if v_row.id is null then perform core.message_refuse_unknown('message'); end if;
  select * into v_reply from core.message where reply_to = p_message limit 1;
  select * into v_dead from core.message_done where message = p_message and status = 'dead' limit 1;
  return jsonb_build_object('ok', true, 'message', p_message,
    'status', case when v_reply.id is not null then 'replied' when v_dead.reason in ('attempts', 'rejected') then 'dead'
      when v_dead.id is not null or v_row.sent_at + make_interval(secs => v_row.ttl_s) <= clock_timestamp() then 'late' else 'waiting' end,
    'error', case when v_reply.id is null then v_dead.error end,
    'reply', case when v_reply.id is not null then core.message_view(v_reply) end);
end
$$;
comment on function core_api.message_reply is 'The reply to a request of the project, or why there is none yet.';
revoke execute on function core_api.message_reply from public;
grant execute on function core_api.message_reply to core_member, service_role;

-- What a list shows beside a message: the delivery of that id in its box, or that it was sent.
create function core.message_list_view(p_box text, p_id uuid, p_max_attempts int) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case p_box
    when 'inbox' then (select core.message_delivery_view(d) from core.message_delivery d where d.id = p_id)
    when 'sent' then jsonb_build_object('delivery', null, 'recipient', null, 'status', 'sent', 'reason', null, 'attempt', 0,
      'max_attempts', p_max_attempts, 'error', null, 'holder', null, 'leased_until', null, 'ended_at', null)
    else (select core.message_done_view(d) from core.message_done d where d.id = p_id) end
$$;
comment on function core.message_list_view is 'The delivery of a message as a list of a box shows it.';

-- The messages of a project, newest first. p_box: inbox, what is open; acked and dead, what has ended; sent. p_type and p_with,
-- the other project, narrow it. A page looks at 10,000 rows at most, so one that narrows may be short, or empty, and have a next.
create function core_api.message_list(p_box text default 'inbox', p_type text default null, p_with text default null, p_before uuid default null,
  p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
  set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_project text;
  v_rows jsonb;
  v_next uuid;
  v_scan int := case when coalesce(p_type, p_with) is null then p_limit else 10000 end;
begin
  if p_box is null or p_box not in ('inbox', 'acked', 'dead', 'sent') then
    perform core.refuse('PT400', 'invalid_box', 'box must be inbox, acked, dead or sent', null, jsonb_build_object('field', 'box'));
  end if;
  v_project := core.enter(case when p_box = 'sent' then 'message:send' else 'message:receive' end, p_project);
  perform core.require_page(p_limit);
  with looked as (
    (select d.id, d.message, d.sender as peer from core.message_delivery d
      where p_box = 'inbox' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select d.id, d.message, d.sender from core.message_done d
      where p_box = 'acked' and d.status = 'acked' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select d.id, d.message, d.sender from core.message_done d
      where p_box = 'dead' and d.status = 'dead' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select m.id, m.id, m.addressee from core.message m
      where p_box = 'sent' and m.project = v_project and (p_before is null or m.id < p_before) order by m.id desc limit v_scan)
  ), page as (
    select l.id, m as message from looked l join core.message m on m.id = l.message
    where (p_type is null or m.type = p_type) and (p_with is null or l.peer = p_with) order by l.id desc limit p_limit
  )
  select coalesce((select jsonb_agg(core.message_view(p.message) || core.message_list_view(p_box, p.id, (p.message).max_attempts) order by p.id desc)
      from page p), '[]'),
    case when (select count(*) from page) = p_limit then (select min(p.id::text) from page p)::uuid
      when (select count(*) from looked) = v_scan then (select min(l.id::text) from looked l)::uuid end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'messages', v_rows, 'next', v_next);
end
$$;
comment on function core_api.message_list is 'The messages of a project, newest first: open, acknowledged, dead or sent.';
revoke execute on function core_api.message_list from public;
grant execute on function core_api.message_list to core_member, service_role;

-- How much is in the inbox of a project, counted at most once in a second.
create function core_api.message_stats(p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_row core.message_count;
begin
  if not exists (select from core.message_count where project = v_project and counted_at > clock_timestamp() - interval '1 second')
    and pg_try_advisory_xact_lock(hashtextextended('message_count:' || v_project, 0)) then
    perform core.message_recount(v_project);
  end if;
  select * into v_row from core.message_count where project = v_project;
  return jsonb_build_object('ok', true, 'ready', coalesce(v_row.ready, 0), 'delayed', coalesce(v_row.delayed, 0), 'waiting', coalesce(v_row.waiting, 0),
    'leased', coalesce(v_row.leased, 0), 'dead', coalesce(v_row.dead, 0), 'oldest_at', v_row.oldest_at,
    'counted_at', coalesce(v_row.counted_at, clock_timestamp()));
end
$$;
comment on function core_api.message_stats is 'How much is in the inbox of a project.';
revoke execute on function core_api.message_stats from public;
grant execute on function core_api.message_stats to core_member, service_role;
