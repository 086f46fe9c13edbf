create function core.message_priority(p_name text) returns smallint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_name is null or p_name not in ('critical', 'high', 'normal', 'low') then
    perform core.refuse('PT400', 'invalid_priority', 'priority must be critical, high, normal or low', null, jsonb_build_object('field', 'priority'));
  end if;
  return (array_position(array['critical', 'high', 'normal', 'low'], p_name) - 1)::smallint;
end
$$;
comment on function core.message_priority is 'The number of a priority, 0 for critical. Raises PT400 for an unknown one.';

create function core.message_view(p_message core.message) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('message', p_message.id, 'from', p_message.project, 'to', p_message.addressee, 'type', p_message.type,
    'payload', p_message.payload, 'priority', (array['critical', 'high', 'normal', 'low'])[p_message.priority + 1], 'ordered', p_message.is_ordered,
    'awaits_reply', p_message.awaits_reply, 'reply_to', p_message.reply_to, 'sent_at', p_message.sent_at,
    'expires_at', p_message.sent_at + make_interval(secs => p_message.ttl_s))
$$;
comment on function core.message_view is 'A message as the API shows it.';

create function core.message_delivery_view(p_delivery core.message_delivery) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('delivery', p_delivery.id, 'recipient', p_delivery.recipient, 'status', p_delivery.state, 'reason', null,
    'attempt', p_delivery.attempt, 'max_attempts', p_delivery.max_attempts, 'error', p_delivery.error, 'holder', p_delivery.holder,
    'leased_until', p_delivery.leased_until, 'ended_at', null)
$$;
comment on function core.message_delivery_view is 'An open delivery as the API shows it.';

create function core.message_done_view(p_done core.message_done) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('delivery', p_done.id, 'recipient', p_done.recipient, 'status', p_done.status, 'reason', p_done.reason,
    'attempt', p_done.attempt, 'max_attempts', p_done.max_attempts, 'error', p_done.error, 'holder', p_done.holder,
    'leased_until', null, 'ended_at', p_done.ended_at)
$$;
comment on function core.message_done_view is 'A delivery that has ended as the API shows it.';

create function core.message_refuse_unknown(p_noun text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', p_noun || '_not_found', format('there is no such %s', p_noun), 'List the messages. One is forgotten seven days after its end.');
end
$$;
comment on function core.message_refuse_unknown is 'Raises PT404 for a message or a delivery.';

-- How many deliveries of an inbox are open: what the last count found, counted again where it is older than 15 seconds.
create function core.message_open_count(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_open bigint;
  v_at timestamptz;
begin
  select ready + delayed + waiting + leased, counted_at into v_open, v_at from core.message_count where project = p_project;
  if v_at > clock_timestamp() - interval '15 seconds' then return v_open; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('message_count:' || p_project, 0)) then return coalesce(v_open, 0); end if;
  return core.message_recount(p_project);
end
$$;
comment on function core.message_open_count is 'How many deliveries of an inbox are open, as of the last 15 seconds.';

create function core.message_recount(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_row core.message_count;
begin
  select p_project, count(*) filter (where d.state = 'ready'), count(*) filter (where d.state = 'delayed'), count(*) filter (where d.state = 'waiting'),
    count(*) filter (where d.state = 'leased'), 0, 0, 0, min(d.sent_at) filter (where d.state = 'ready'), clock_timestamp() into v_row
  from core.message_delivery d where d.recipient = p_project;
  select count(*), count(*) filter (where d.reason = 'expired'), count(*) filter (where d.reason = 'rejected')
  into v_row.dead, v_row.dead_expired, v_row.dead_rejected
  from (select reason from core.message_done where recipient = p_project and status = 'dead' limit 100000) d;
  insert into core.message_count values (v_row.*)
  on conflict on constraint message_count_pkey do update set ready = excluded.ready, delayed = excluded.delayed, waiting = excluded.waiting,
    leased = excluded.leased, dead = excluded.dead, dead_expired = excluded.dead_expired, dead_rejected = excluded.dead_rejected, oldest_at = excluded.oldest_at, counted_at = excluded.counted_at;
  return v_row.ready + v_row.delayed + v_row.waiting + v_row.leased;
end
$$;
comment on function core.message_recount is 'Counts the deliveries of an inbox.';
