-- Ends deliveries, locked by the caller: they go to the ended ones, and the next ordered one of the same sender is ready. An
-- event says to the recipient, and to each sender, how many are dead and why. Locks: the order of each sender by name.
create function core.message_end(p_project text, p_deliveries uuid[], p_status text, p_reason text, p_error text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ordered text[];
  v_dead record;
begin
  with gone as (
    delete from core.message_delivery d where d.id = any (p_deliveries) returning d.*
  ), done as (
    insert into core.message_done (id, message, recipient, sender, status, reason, error, priority, is_ordered, attempt, max_attempts, holder, fence, sent_at)
    select g.id, g.message, g.recipient, g.sender, p_status, p_reason, coalesce(p_error, g.error), g.priority, g.is_ordered, g.attempt, g.max_attempts,
      g.holder, g.fence, g.sent_at
    from gone g order by g.id returning sender, is_ordered
  )
  select array_agg(distinct sender order by sender) filter (where is_ordered) into v_ordered from done;
  if v_ordered is not null then perform core.message_release_ordered(p_project, v_ordered); end if;
  if p_status = 'dead' then
    for v_dead in
      select sender, count(*) as count, min(id::text) as delivery from core.message_done where id = any (p_deliveries) group by sender order by sender
    loop
      perform core.emit('message', r.project, 'dead', jsonb_build_object('from', v_dead.sender, 'to', p_project, 'reason', p_reason, 'count', v_dead.count,
        'delivery', v_dead.delivery))
      from (select p_project collate "C" as project union select v_dead.sender order by 1) r;
    end loop;
  end if;
  return true;
end
$$;
comment on function core.message_end is 'Ends deliveries as acknowledged or dead.';

create function core.message_release_ordered(p_project text, p_senders text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_sender text;
begin
  foreach v_sender in array p_senders loop
    perform pg_advisory_xact_lock(hashtextextended('message_order:' || p_project || ':' || v_sender, 0));
    update core.message_delivery d set state = 'ready'
    where d.id = (select n.id from core.message_delivery n where n.recipient = p_project and n.sender = v_sender and n.is_ordered order by n.seq limit 1)
      and d.state = 'waiting';
  end loop;
  return true;
end
$$;
comment on function core.message_release_ordered is 'Makes the next ordered message of each sender ready.';

-- In one inbox: what is due becomes ready, what a dead process held is ready again or dead, and what has expired is dead. At
-- most p_limit of each. Locks: deliveries, skipping those that are locked.
create function core.message_refresh(p_project text, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
  v_ids uuid[];
  v_dead uuid[];
begin
  with due as materialized (
    select id from core.message_delivery where recipient = p_project and state = 'delayed' and due_at <= (select clock_timestamp())
    order by due_at limit p_limit for update skip locked
  )
  update core.message_delivery d set state = 'ready', due_at = null from due where d.id = due.id;
  get diagnostics v_count = row_count;
  select array_agg(l.id), array_agg(l.id) filter (where l.attempt >= l.max_attempts) into v_ids, v_dead from (
    select id, attempt, max_attempts from core.message_delivery where recipient = p_project and state = 'leased' and leased_until <= (select clock_timestamp())
    order by leased_until limit p_limit for update skip locked
  ) l;
  if v_ids is not null then
    v_count := v_count + cardinality(v_ids);
    update core.message_delivery set state = 'ready', error = 'the receiver was lost', holder = null, fence = null, leased_until = null
    where id = any (v_ids) and id <> all (coalesce(v_dead, '{}'));
    if v_dead is not null then perform core.message_end(p_project, v_dead, 'dead', 'attempts', 'the receiver was lost'); end if;
  end if;
  select array_agg(e.id) into v_dead from (
    select id from core.message_delivery where recipient = p_project and expires_at <= (select clock_timestamp()) and state <> 'leased'
    order by expires_at limit p_limit for update skip locked
  ) e;
  if v_dead is not null then
    v_count := v_count + cardinality(v_dead);
    perform core.message_end(p_project, v_dead, 'dead', 'expired', null);
  end if;
  return v_count;
end
$$;
comment on function core.message_refresh is 'Makes ready what is due and what a dead process held in an inbox, and ends what has expired; how many.';

-- The deliveries of an inbox that come first, locked. Each minute of waiting raises a message by one priority; among equals senders take turns. So a
-- message waits for what was sent before it, at most three minutes for higher priorities, and never for what another sender adds.
create function core.message_pick(p_project text, p_limit int) returns uuid[]
language sql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
  select coalesce(array_agg(p.id order by p.rank, p.turn, p.seq), '{}') from (
    select d.id, c.rank, c.turn, c.seq
    from (
      select h.id, greatest(k.priority - floor(extract(epoch from clock_timestamp() - h.sent_at) / 60), 0) as rank, h.turn, h.seq
      from generate_series(0, 3) as k (priority) cross join lateral (
        select r.id, r.sent_at, r.turn, r.seq from core.message_delivery r
        where r.recipient = p_project and r.priority = k.priority::smallint and r.state = 'ready'
        order by r.turn, r.seq limit 2 * p_limit + 100
      ) h
      order by 2, 3, 4 limit 4 * p_limit + 200
    ) c
    join core.message_delivery d on d.id = c.id and d.state || '' = 'ready' and d.expires_at + interval '0' > clock_timestamp()
    order by c.rank, c.turn, c.seq limit p_limit for update of d skip locked
  ) p
$$;
comment on function core.message_pick is 'Locks the messages of an inbox that come first.';

-- Receives up to p_limit messages of the project's inbox, those that come first. Each is held under a fence for p_visible_s seconds,
-- unless extended; then another process receives it. p_holder names the process, for people. An empty inbox is an
-- empty list: no call waits. Locks: deliveries that are ready, skipping locked ones.
create function core_api.message_receive(p_limit int default 10, p_visible_s int default 30, p_holder text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_ids uuid[];
  v_answer jsonb;
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.require_range('visible_s', p_visible_s, 1, 43200);
  if p_holder is not null then v_ok := core.require_text('holder', p_holder, 200); end if;
  if core.message_needs_refresh(v_project) then perform core.message_refresh(v_project, p_limit + 100); end if;
  if not core.message_has_ready(v_project) then
    return jsonb_build_object('ok', true, 'messages', jsonb_build_array());
  end if;
  v_ids := core.message_pick(v_project, p_limit);
  with received as (
    update core.message_delivery d set state = 'leased', attempt = d.attempt + 1, holder = p_holder, fence = nextval('core.fence'),
      leased_until = clock_timestamp() + make_interval(secs => p_visible_s)
    where d.id = any (v_ids) returning d.*
  )
  select coalesce(jsonb_agg(core.message_view(m) || jsonb_build_object('delivery', r.id, 'attempt', r.attempt, 'max_attempts', r.max_attempts,
    'fence', r.fence, 'leased_until', r.leased_until) order by array_position(v_ids, r.id)), '[]') into v_answer
  from received r join core.message m on m.id = r.message;
  return jsonb_build_object('ok', true, 'messages', v_answer);
end
$$;
comment on function core_api.message_receive is 'Receives the messages of the inbox that come first, each under a fence and for a time.';
revoke execute on function core_api.message_receive from public;
grant execute on function core_api.message_receive to core_member, service_role;

-- Looks of receivers, mostly at nothing. Each is ordered as its index and takes the first row, and nothing but that index is offered:
-- as exists the planner reads the table, because it takes a third of it for overdue.
create function core.message_has_ready(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return coalesce((select true from core.message_delivery where recipient = p_project and state = 'ready' order by priority, turn, seq limit 1), false);
end
$$;
comment on function core.message_has_ready is 'Whether an inbox has a message that is ready.';

create function core.message_has_due(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return coalesce(
    (select true from core.message_delivery where recipient = p_project and state = 'leased' and leased_until <= (select clock_timestamp())
      order by leased_until limit 1),
    (select true from core.message_delivery where recipient = p_project and state = 'delayed' and due_at <= (select clock_timestamp()) order by due_at limit 1),
    false);
end
$$;
comment on function core.message_has_due is 'Whether something in an inbox is due, or was held by a dead process.';

create function core.message_needs_refresh(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return core.message_has_due(p_project) or coalesce(
    (select true from core.message_delivery where recipient = p_project and expires_at <= (select clock_timestamp()) order by expires_at limit 1), false);
end
$$;
comment on function core.message_needs_refresh is 'Whether something in an inbox is due, lost or expired.';
