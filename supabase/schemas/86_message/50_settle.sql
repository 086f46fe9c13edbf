create function core.message_require_held(p_deliveries uuid[], p_fences bigint[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_deliveries is null or p_fences is null or cardinality(p_deliveries) <> cardinality(p_fences) or cardinality(p_deliveries) not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_deliveries', 'deliveries and fences must be 1 to 1000, and as many of one as of the other', null,
      jsonb_build_object('field', 'deliveries'));
  end if;
  return true;
end
$$;
comment on function core.message_require_held is 'Raises PT400 unless deliveries and fences come in pairs.';

-- Which of these deliveries the caller holds, locked. But for the ids the conditions are expressions, so that no index but the primary key fits:
-- the planner takes a table that was empty for one of one row, and then every index for as good. Locks: the deliveries, in the order of their ids.
create function core.message_lock_held(p_project text, p_deliveries uuid[], p_fences bigint[]) returns uuid[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from core.message_delivery d where d.recipient || '' = p_project and d.id = any (p_deliveries) order by d.id for update;
  return array(select d.id from core.message_delivery d join unnest(p_deliveries, p_fences) as b (id, fence) on b.id = d.id
    where d.recipient || '' = p_project and d.state || '' = 'leased' and d.fence = b.fence and d.leased_until + interval '0' > clock_timestamp());
end
$$;
comment on function core.message_lock_held is 'Locks deliveries and returns those that are held under these fences.';

-- Raises PT404 for a single delivery that is not known, or another project's.
create function core.message_require_known(p_project text, p_delivery uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.message_delivery where id = p_delivery and recipient = p_project)
    and not exists (select from core.message_done where id = p_delivery and recipient = p_project) then
    perform core.message_refuse_unknown('delivery');
  end if;
  return true;
end
$$;
comment on function core.message_require_known is 'Raises PT404 unless the project has this delivery.';

-- Acknowledges messages: their deliveries have ended. p_deliveries and p_fences in the same order. Those whose time was over
-- are lost: nothing is written, and another process has them or will. The same acknowledgement again is accepted again. PT404 for a
-- single one that is not known. Locks: the deliveries, in the order of their ids.
create function core_api.message_ack(p_deliveries uuid[], p_fences bigint[], p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_held uuid[];
  v_acked uuid[];
begin
  v_ok := core.message_require_held(p_deliveries, p_fences);
  v_held := core.message_lock_held(v_project, p_deliveries, p_fences);
  if v_held <> '{}' then v_ok := core.message_end(v_project, v_held, 'acked', null, null); end if;
  v_acked := v_held || array(select d.id from core.message_done d join unnest(p_deliveries, p_fences) as b (id, fence) on b.id = d.id
    where d.recipient || '' = v_project and d.status = 'acked' and d.fence = b.fence and d.id <> all (v_held));
  if v_acked = '{}' and cardinality(p_deliveries) = 1 then v_ok := core.message_require_known(v_project, p_deliveries[1]); end if;
  return jsonb_build_object('ok', true, 'acked', cardinality(v_acked),
    'lost', to_jsonb(array(select d from unnest(p_deliveries) as d where d <> all (v_acked) limit 1000)));
end
$$;
comment on function core_api.message_ack is 'Ends deliveries that the caller holds, and names those that it has lost.';
revoke execute on function core_api.message_ack from public;
grant execute on function core_api.message_ack to core_member, service_role;

-- Holds deliveries for p_visible_s seconds from now. Names those that are lost. PT404 for a single one that is not known.
-- Locks: the deliveries, in the order of their ids.
create function core_api.message_extend(p_deliveries uuid[], p_fences bigint[], p_visible_s int default 30, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_held uuid[];
begin
  v_ok := core.require_range('visible_s', p_visible_s, 1, 43200);
  v_ok := core.message_require_held(p_deliveries, p_fences);
  v_held := core.message_lock_held(v_project, p_deliveries, p_fences);
  update core.message_delivery set leased_until = clock_timestamp() + make_interval(secs => p_visible_s) where id = any (v_held);
  if v_held = '{}' and cardinality(p_deliveries) = 1 then v_ok := core.message_require_known(v_project, p_deliveries[1]); end if;
  return jsonb_build_object('ok', true, 'held', cardinality(v_held),
    'lost', to_jsonb(array(select d from unnest(p_deliveries) as d where d <> all (v_held) limit 1000)));
end
$$;
comment on function core_api.message_extend is 'Holds deliveries for longer, and names those that are lost.';
revoke execute on function core_api.message_extend from public;
grant execute on function core_api.message_extend to core_member, service_role;

-- Gives a delivery back. p_outcome: retry, after p_delay_ms or a pause that doubles with each attempt, or dead where none is
-- left; dead, a dead letter at once; release, at once, and the attempt is not counted. What is not held is refused (message_stale).
-- Locks: the delivery.
create function core_api.message_nack(p_delivery uuid, p_fence bigint, p_error text default null, p_outcome text default 'retry',
  p_delay_ms bigint default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_row core.message_delivery;
begin
  if p_outcome is null or p_outcome not in ('retry', 'dead', 'release') then
    perform core.refuse('PT400', 'invalid_outcome', 'outcome must be retry, dead or release', null, jsonb_build_object('field', 'outcome'));
  end if;
  if p_error is not null then v_ok := core.require_text('error', p_error, 10000); end if;
  if p_delay_ms is not null then v_ok := core.require_range('delay_ms', p_delay_ms, 0, 2592000000); end if;
  if core.message_lock_held(v_project, array[p_delivery], array[p_fence]) = '{}' then
    v_ok := core.message_require_known(v_project, p_delivery);
    return jsonb_build_object('ok', false, 'code', 'message_stale', 'delivery', p_delivery);
  end if;
  select * into v_row from core.message_delivery where id = p_delivery;
  if p_outcome = 'dead' or p_outcome = 'retry' and v_row.attempt >= v_row.max_attempts then
    v_ok := core.message_end(v_project, array[p_delivery], 'dead', case when p_outcome = 'dead' then 'rejected' else 'attempts' end, p_error);
    return jsonb_build_object('ok', true, 'delivery', p_delivery, 'status', 'dead');
  end if;
  v_row.due_at := clock_timestamp() + interval '1 millisecond' * case p_outcome when 'release' then 0
    else coalesce(p_delay_ms, least(1000 * 2 ^ least(v_row.attempt - 1, 20), 3600000) * (0.5 + random() / 2)) end;
  v_row.state := case when v_row.due_at <= clock_timestamp() then 'ready' else 'delayed' end;
  update core.message_delivery set state = v_row.state, due_at = case when v_row.state = 'delayed' then v_row.due_at end,
    attempt = attempt - (p_outcome = 'release')::int, error = coalesce(p_error, error), holder = null, fence = null, leased_until = null
  where id = p_delivery;
  return jsonb_build_object('ok', true, 'delivery', p_delivery, 'status', v_row.state);
end
$$;
comment on function core_api.message_nack is 'Gives a delivery back: to be tried again, as a dead letter, or without counting the attempt.';
revoke execute on function core_api.message_nack from public;
grant execute on function core_api.message_nack to core_member, service_role;

-- Opens a dead letter again, with all its attempts and at least a day until it expires. retried is false where it is not dead.
-- Locks: the delivery, the sender's order.
create function core_api.message_retry(p_delivery uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_done core.message_done;
  v_message core.message;
begin
  perform core.message_require_known(v_project, p_delivery);
  delete from core.message_done where id = p_delivery and recipient = v_project and status = 'dead' returning * into v_done;
  if v_done.id is null then return jsonb_build_object('ok', true, 'delivery', p_delivery, 'retried', false); end if;
  select * into v_message from core.message where id = v_done.message;
  if v_done.is_ordered then perform pg_advisory_xact_lock(hashtextextended('message_order:' || v_project || ':' || v_done.sender, 0)); end if;
  insert into core.message_delivery (id, message, recipient, sender, state, priority, turn, is_ordered, max_attempts, error, sent_at, expires_at)
  values (v_done.id, v_done.message, v_project, v_done.sender,
    core.message_first_state(v_project, v_done.sender, v_done.is_ordered),
    v_done.priority, core.message_turn(v_project, v_done.sender, v_done.priority), v_done.is_ordered, v_done.max_attempts, v_done.error, v_done.sent_at,
    greatest(v_message.sent_at + make_interval(secs => v_message.ttl_s), clock_timestamp() + interval '1 day'));
  perform pg_notify('core_message', v_project);
  return jsonb_build_object('ok', true, 'delivery', p_delivery, 'retried', true);
end
$$;
comment on function core_api.message_retry is 'Opens a dead letter of the project again.';
revoke execute on function core_api.message_retry from public;
grant execute on function core_api.message_retry to core_member, service_role;
