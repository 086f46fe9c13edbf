-- Budgets: periods in their own time zone, windows made when a call takes its locks, alerts at the crossing.

-- The first instant at which a wall clock of the zone shows a time. Where the clocks go back over it, it comes twice and
-- Postgres takes the second; where they go forward over it, it never comes and Postgres takes the instant of the change.
create function core.ledger_first_instant(p_local timestamp, p_zone text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_at timestamptz := p_local at time zone p_zone;
  v_day_before timestamptz := v_at - interval '24 hours';
  -- The same wall clock by the offset of a day before: the first of the two, if there are two.
  v_first timestamptz := v_day_before + (p_local - (v_day_before at time zone p_zone));
begin
  return case when v_first < v_at and v_first at time zone p_zone = p_local then v_first else v_at end;
end
$$;
comment on function core.ledger_first_instant is 'The first instant at which the wall clock of an IANA time zone shows a time.';

-- The period that contains an instant. Days, weeks and months follow the wall clock of the zone, so a day across a
-- change of clocks has 23 or 25 hours; hours are counted in absolute time, in step with the zone's clock of January 2000
-- (a zone whose clock changes by half an hour would else have hours that overlap).
create function core.ledger_period(p_period text, p_zone text, p_at timestamptz,
  out period_start timestamptz, out period_end timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_local timestamp;
begin
  if p_period = 'total' then
    period_start := '-infinity';
    period_end := 'infinity';
  elsif p_period = 'hour' then
    period_start := date_bin('1 hour', p_at, timestamp '2000-01-01' at time zone p_zone);
    period_end := period_start + interval '1 hour';
  else
    v_local := date_trunc(p_period, p_at at time zone p_zone);
    period_start := core.ledger_first_instant(v_local, p_zone);
    period_end := core.ledger_first_instant(v_local + ('1 ' || p_period)::interval, p_zone);
  end if;
end
$$;
comment on function core.ledger_period is 'Start (inclusive) and end (exclusive) of the period of an IANA time zone that contains an instant.';

-- How many periods a period starts after another one of the same kind and zone.
create function core.ledger_periods_between(p_period text, p_zone text, p_from timestamptz, p_to timestamptz) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  -- A period that begins where the clocks went forward does not begin at midnight.
  v_from date := p_from at time zone p_zone;
  v_to date := p_to at time zone p_zone;
begin
  return case p_period
    when 'hour' then extract(epoch from p_to - p_from) / 3600
    when 'day' then v_to - v_from
    when 'week' then (v_to - v_from) / 7
    when 'month' then (extract(year from v_to) - extract(year from v_from)) * 12 + extract(month from v_to) - extract(month from v_from)
  end;
end
$$;
comment on function core.ledger_periods_between is 'The number of periods from the start of one to the start of another.';

-- What a new window takes over: the unused rest of the period before, at most carry_cap. Computed once, at creation.
-- Periods without a call have no row; all of them was unused, so what they were given rolls over, too.
create function core.ledger_carry(p_budget core.ledger_budget, p_start timestamptz) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_last timestamptz;
  v_rest numeric;
begin
  if p_budget.carry_cap = 0 or p_budget.period = 'total' or p_start <= p_budget.created_at then return 0; end if;
  select w.period_start, least(p_budget.carry_cap, greatest(0, coalesce(w.limit_amount, p_budget.limit_amount) + w.carried + w.moved - w.spent - w.held))
  into v_last, v_rest
  from core.ledger_window w where w.budget_id = p_budget.id and w.period_start < p_start order by w.period_start desc limit 1;
  return least(p_budget.carry_cap, v_rest + p_budget.limit_amount::numeric
    * (core.ledger_periods_between(p_budget.period, p_budget.time_zone, v_last, p_start) - 1));
end
$$;
comment on function core.ledger_carry is 'The roll-over into the window that starts at p_start, in micro-credits.';

-- What answers say of a window before its limit and counts, as text.
create function core.ledger_window_head(p_budget core.ledger_budget, p_account text, p_period_start timestamptz, p_period_end timestamptz)
returns text
language plpgsql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
  return concat('{"budget": ', to_json(p_budget.name), ', "account": ', to_json(p_account), ', "period": "', p_budget.period, '", "period_start": ',
    case when isfinite(p_period_start) then to_json(p_period_start)::text else 'null' end, ', "resets_at": ',
    case when isfinite(p_period_end) then to_json(p_period_end)::text else 'null' end, ', "limit": ');
end
$$;
comment on function core.ledger_window_head is 'What answers say of a window before its limit and counts, as text.';

-- The present windows of every budget on a path of accounts, made where this is their first touch. Making comes before
-- any window is locked, in budget order: two first touches at midnight wait for each other, never in a circle. What a
-- made one takes over is not settled until the window before it is locked.
create function core.ledger_open_windows(p_path bigint[], p_now timestamptz,
  out budget_ids bigint[], out window_starts timestamptz[], out made bigint[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_missing boolean;
begin
  -- Mostly they are there; the calendar is asked only where one is not.
  select coalesce(array_agg(b.id order by b.id), '{}'), coalesce(array_agg(w.period_start order by b.id), '{}'),
    bool_or(w.period_start is null)
  into budget_ids, window_starts, v_missing
  from core.ledger_budget b
  left join lateral (
    select l.period_start, l.period_end from core.ledger_window l
    where l.budget_id = b.id and l.period_start <= p_now order by l.period_start desc limit 1) w on w.period_end > p_now
  where b.account_id = any (p_path) and b.removed_at is null;

  if v_missing then
    select array_agg(b.id order by b.id), array_agg(p.period_start order by b.id) into budget_ids, window_starts
    from core.ledger_budget b, core.ledger_period(b.period, b.time_zone, p_now) p
    where b.id = any (budget_ids);
    with made as (
      insert into core.ledger_window (budget_id, period_start, period_end, carried, head)
      select b.id, p.period_start, p.period_end, core.ledger_carry(b, p.period_start),
        core.ledger_window_head(b, a.code, p.period_start, p.period_end)
      from core.ledger_budget b join core.ledger_account a on a.id = b.account_id, core.ledger_period(b.period, b.time_zone, p_now) p
      where b.id = any (budget_ids)
      order by b.id
      on conflict on constraint ledger_window_pkey do nothing
      returning budget_id)
    select array_agg(m.budget_id) into made from made m;
  end if;
end
$$;
comment on function core.ledger_open_windows is 'The current windows of all budgets on a path, created at first touch; made: the budgets whose window was.';

-- Whether one of them has ended is asked of the locked rows themselves.
create function core.ledger_lock_windows(p_budget_ids bigint[], p_window_starts timestamptz[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (select bool_or(l.limit_amount is not null) from (
    select w.limit_amount from core.ledger_window w
    join unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
      on w.budget_id = k.budget_id and w.period_start = k.period_start
    order by w.budget_id, w.period_start for no key update of w) l);
end
$$;
comment on function core.ledger_lock_windows is 'Locks the named windows in the global order (budget, period); returns whether one of them has ended.';

-- Some windows, read once after they were locked, then counted on in memory: what is written back and what is
-- answered come from the same numbers. cap is limit + carried + moved; alert_at is the spending at which the next
-- alert is due; heads is what an answer says before the cap and the counts, as text: to make jsonb of each fact, and again of
-- each window and of the answer, took a sixth of a call. rest is what the tightest one leaves; null where there is none.
create type core.ledger_window_set as (
  budget_ids bigint[], window_starts timestamptz[], caps bigint[], spent bigint[], held bigint[], alert_at bigint[], heads text[], rest bigint
);

create function core.ledger_window_facts(p_budget core.ledger_budget, p_account text, p_cap bigint,
  p_period_start timestamptz, p_period_end timestamptz) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object('budget', p_budget.name, 'account', p_account, 'period', p_budget.period, 'limit', p_cap,
    'period_start', case when isfinite(p_period_start) then p_period_start end,
    'resets_at', case when isfinite(p_period_end) then p_period_end end);
end
$$;
comment on function core.ledger_window_facts is 'What answers say of a window besides its counts; resets_at is null for a total.';

-- The least spending above p_spent at which a threshold is reached; null when none is left.
create function core.ledger_next_alert(p_alert_bp int[], p_cap bigint, p_spent bigint) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_bp int;
  v_at bigint;
  v_next bigint;
begin
  if p_cap <= 0 then return null; end if;
  foreach v_bp in array p_alert_bp loop
    v_at := ceil(p_cap::numeric * v_bp / 10000);
    if v_at > p_spent and (v_next is null or v_at < v_next) then v_next := v_at; end if;
  end loop;
  return v_next;
end
$$;
comment on function core.ledger_next_alert is 'The next spending at which an alert is due, in micro-credits.';

-- p_alerts false: nothing is going to be spent, so that no alert can be due. A loop, because to begin an aggregate costs
-- three times as much as to append to an array twice.
create function core.ledger_read_windows(p_budget_ids bigint[], p_window_starts timestamptz[], p_alerts boolean default true)
returns core.ledger_window_set
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_window record;
  v_caps bigint[];
  v_spent bigint[];
  v_held bigint[];
  v_alert_at bigint[];
  v_heads text[];
  v_rest bigint;
begin
  if cardinality(p_budget_ids) > 0 then
    for v_window in
      select coalesce(w.limit_amount, b.limit_amount) + w.carried + w.moved as cap, w.spent::bigint as spent, w.held::bigint as held,
        b.alert_bp, w.head
      from unnest(p_budget_ids, p_window_starts) with ordinality as k (budget_id, period_start, ord)
      join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start
      join core.ledger_budget b on b.id = w.budget_id
      order by k.ord
    loop
      v_caps := v_caps || v_window.cap;
      v_spent := v_spent || v_window.spent;
      v_held := v_held || v_window.held;
      v_heads := v_heads || v_window.head;
      v_rest := least(v_rest, v_window.cap - v_window.spent - v_window.held);
      if p_alerts then v_alert_at := v_alert_at || core.ledger_next_alert(v_window.alert_bp, v_window.cap, v_window.spent); end if;
    end loop;
  end if;
  if v_caps is null then return null; end if;
  return row(p_budget_ids, p_window_starts, v_caps, v_spent, v_held, v_alert_at, v_heads, v_rest)::core.ledger_window_set;
end
$$;
comment on function core.ledger_read_windows is 'Reads the named windows, locked by the caller, into a set of the same order.';

-- The name of a window's budget, from what answers say of it.
create function core.ledger_budget_name(p_head text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select (p_head || 'null}')::jsonb ->> 'budget'
$$;
comment on function core.ledger_budget_name is 'The name of the budget of a window of a set.';

-- The first of the windows that leave the least; null where no budget binds.
create function core.ledger_tightest(p_set core.ledger_window_set) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  for i in 1 .. coalesce(cardinality(p_set.caps), 0) loop
    if p_set.caps[i] - p_set.spent[i] - p_set.held[i] = p_set.rest then return core.ledger_budget_name(p_set.heads[i]); end if;
  end loop;
  return null;
end
$$;
comment on function core.ledger_tightest is 'The name of the budget that leaves the least.';

create function core.ledger_windows_view(p_set core.ledger_window_set) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_view text;
begin
  for i in 1 .. coalesce(cardinality(p_set.caps), 0) loop
    v_view := concat_ws(', ', v_view, concat(p_set.heads[i], p_set.caps[i], ', "spent": ', p_set.spent[i], ', "held": ', p_set.held[i],
      ', "rest": ', p_set.caps[i] - p_set.spent[i] - p_set.held[i], '}'));
  end loop;
  return concat('[', v_view, ']')::jsonb;
end
$$;
comment on function core.ledger_windows_view is 'A set of windows as answers show it.';

-- Cap, spent and held of each window of a set, in its order.
create function core.ledger_counts(p_set core.ledger_window_set) returns bigint[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_counts bigint[];
begin
  for i in 1 .. coalesce(cardinality(p_set.caps), 0) loop
    v_counts := v_counts || array[p_set.caps[i], p_set.spent[i], p_set.held[i]];
  end loop;
  return v_counts;
end
$$;
comment on function core.ledger_counts is 'What the journal keeps of a set of windows.';

-- Two lists of windows as one, without repetition in the second: those of the first, then those of the second that are new.
create function core.ledger_join_windows(p_ids bigint[], p_starts timestamptz[], p_more_ids bigint[], p_more_starts timestamptz[],
  out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  budget_ids := coalesce(p_ids, '{}');
  window_starts := coalesce(p_starts, '{}');
  for i in 1 .. coalesce(cardinality(p_more_ids), 0) loop
    continue when exists (select from unnest(budget_ids, window_starts) as k (id, start)
      where k.id = p_more_ids[i] and k.start = p_more_starts[i]);
    budget_ids := budget_ids || p_more_ids[i];
    window_starts := window_starts || p_more_starts[i];
  end loop;
end
$$;
comment on function core.ledger_join_windows is 'The windows of two lists, each once.';

-- The windows of a hold and those of a further list (null: none), each once.
create function core.ledger_hold_windows(p_hold core.ledger_hold, p_more_ids bigint[], p_more_starts timestamptz[],
  out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_own record;
begin
  if p_hold.part_from is null then
    budget_ids := p_hold.budget_ids;
    window_starts := p_hold.window_starts;
  else
    v_own := core.ledger_join_windows(null, null, p_hold.budget_ids, p_hold.window_starts);
    budget_ids := v_own.budget_ids;
    window_starts := v_own.window_starts;
  end if;
  if p_more_ids is not null then
    v_own := core.ledger_join_windows(budget_ids, window_starts, p_more_ids, p_more_starts);
    budget_ids := v_own.budget_ids;
    window_starts := v_own.window_starts;
  end if;
end
$$;
comment on function core.ledger_hold_windows is 'The windows of a hold and those of a further list, each once.';

-- How much of the grant of a hold, from p_from up to p_to, counts in each window of a set. Negative where p_to is before
-- p_from: as much the other way.
create function core.ledger_share(p_set core.ledger_window_set, p_hold core.ledger_hold, p_from bigint, p_to bigint) returns bigint[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(
    select coalesce((
      select sum(greatest(0, least(k.part_to, greatest(p_from, p_to)) - greatest(k.part_from, least(p_from, p_to)))) * sign(p_to - p_from)::int
      from unnest(p_hold.budget_ids, p_hold.window_starts, p_hold.part_from, p_hold.part_to) as k (id, start, part_from, part_to)
      where k.id = w.id and k.start = w.start), 0)::bigint
    from unnest(p_set.budget_ids, p_set.window_starts) with ordinality as w (id, start, ord) order by w.ord)
$$;
comment on function core.ledger_share is 'How much of a part of a hold counts in each window of a set.';

-- Writes the alerts that a transaction has just raised on one budget to the outbox.
create function core.ledger_emit_alerts(p_tx bigint, p_budget_id bigint, p_thresholds int[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  select bool_and(core.emit('ledger.alert', l.project, 'threshold_crossed', jsonb_build_object('alert', l.id, 'account', a.code,
    'budget', b.name, 'period', b.period, 'limit', l.limit_amount, 'spent', l.spent, 'threshold_bp', l.threshold_bp, 'tx', p_tx))) into v_ok
  from core.ledger_alert l join core.ledger_budget b on b.id = l.budget_id join core.ledger_account a on a.id = b.account_id
  where l.tx_id = p_tx and l.budget_id = p_budget_id and l.threshold_bp = any (p_thresholds);
  return true;
end
$$;
comment on function core.ledger_emit_alerts is 'Writes new alerts to the outbox.';

-- One alert for every threshold of a budget that is crossed on the way from p_before, spent of p_cap_before, to p_after of
-- p_cap, once per (budget, window, limit, threshold). p_before null: whatever is reached; so are thresholds that are not among
-- p_known, where that is not null. Returns the next one's spending.
create function core.ledger_raise_alerts(p_tx bigint, p_budget_id bigint, p_period_start timestamptz, p_cap bigint,
  p_before bigint, p_after bigint, p_now timestamptz, p_cap_before bigint default null, p_known int[] default null) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_raised int[];
  v_ok boolean;
begin
  with raised as (
  insert into core.ledger_alert (budget_id, period_start, limit_amount, threshold_bp, spent, project, tx_id, created_at)
  select b.id, p_period_start, p_cap, t.bp, p_after, a.project, p_tx, p_now
  from core.ledger_budget b join core.ledger_account a on a.id = b.account_id, unnest(b.alert_bp) as t (bp)
  where b.id = p_budget_id and p_cap > 0
    and p_after::numeric * 10000 >= p_cap::numeric * t.bp
    and (p_before is null or t.bp <> all (p_known) or p_before::numeric * 10000 < coalesce(p_cap_before, p_cap)::numeric * t.bp)
  order by t.bp
  on conflict on constraint ledger_alert_once do nothing
  returning threshold_bp)
  select array_agg(threshold_bp) into v_raised from raised;
  if v_raised is not null then v_ok := core.ledger_emit_alerts(p_tx, p_budget_id, v_raised); end if;
  return (select core.ledger_next_alert(b.alert_bp, p_cap, p_after) from core.ledger_budget b where b.id = p_budget_id);
end
$$;
comment on function core.ledger_raise_alerts is 'Writes an alert per threshold crossed, once each; returns the spending at which the next is due.';

-- One alert for each hold of which something was used and not charged, at the first time.
create function core.ledger_alert_uncollected(p_tx bigint, p_account core.ledger_account, p_hold uuid, p_uncollected bigint, p_now timestamptz)
returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_alert bigint;
begin
  insert into core.ledger_alert (kind, account_id, hold, uncollected, project, tx_id, created_at)
  values ('uncollected', p_account.id, p_hold, p_uncollected, p_account.project, p_tx, p_now)
  on conflict on constraint ledger_alert_hold_once do nothing
  returning id into v_alert;
  if v_alert is null then return false; end if;
  return core.emit('ledger.alert', p_account.project, 'uncollected', jsonb_build_object('alert', v_alert, 'account', p_account.code,
    'hold', p_hold, 'uncollected', p_uncollected, 'tx', p_tx));
end
$$;
comment on function core.ledger_alert_uncollected is 'Writes the alert of a hold that was not charged in full, once.';

-- Moves held and spent of the windows of a set, one amount for each, in the table and in the set, and raises an alert for
-- every threshold the spending crosses. Returns the set.
create function core.ledger_count_each(p_tx bigint, p_set core.ledger_window_set, p_held bigint[], p_spent bigint[], p_now timestamptz)
returns core.ledger_window_set
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_held bigint[] := p_set.held;
  v_spent bigint[] := p_set.spent;
  v_next bigint;
begin
  if p_set.caps is null then return p_set; end if;
  update core.ledger_window w set held = w.held + k.held, spent = w.spent + k.spent
  from unnest(p_set.budget_ids, p_set.window_starts, p_held, p_spent) as k (budget_id, period_start, held, spent)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  for i in 1 .. cardinality(p_set.caps) loop
    v_held[i] := v_held[i] + p_held[i];
    v_spent[i] := v_spent[i] + p_spent[i];
    if v_spent[i] >= p_set.alert_at[i] then
      v_next := core.ledger_raise_alerts(p_tx, p_set.budget_ids[i], p_set.window_starts[i], p_set.caps[i],
        v_spent[i] - p_spent[i], v_spent[i], p_now);
    end if;
  end loop;
  p_set.held := v_held;
  p_set.spent := v_spent;
  return p_set;
end
$$;
comment on function core.ledger_count_each is 'Adds to held and spent of locked windows, raises alerts, returns the windows as they are then.';

-- The same amounts for all windows of a set.
create function core.ledger_count(p_tx bigint, p_set core.ledger_window_set, p_held bigint, p_spent bigint, p_now timestamptz)
returns core.ledger_window_set
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_next bigint;
begin
  if p_set.caps is null then return p_set; end if;
  update core.ledger_window w set held = w.held + p_held, spent = w.spent + p_spent
  from unnest(p_set.budget_ids, p_set.window_starts) as k (budget_id, period_start)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  for i in 1 .. cardinality(p_set.held) loop
    p_set.held[i] := p_set.held[i] + p_held;
    continue when p_spent = 0;
    p_set.spent[i] := p_set.spent[i] + p_spent;
    if p_set.spent[i] >= p_set.alert_at[i] then
      v_next := core.ledger_raise_alerts(p_tx, p_set.budget_ids[i], p_set.window_starts[i], p_set.caps[i], p_set.spent[i] - p_spent, p_set.spent[i], p_now);
    end if;
  end loop;
  return p_set;
end
$$;
comment on function core.ledger_count is 'Adds the same to held and spent of all windows of a set.';

-- A window as a single call saw it when it locked it: what the call decides on, counts on and answers with.
create type core.ledger_window_seen as (
  budget_id bigint, period_start timestamptz, limit_amount bigint, alert_bp int[], cap bigint, spent bigint, held bigint, is_ended boolean,
  head text
);

-- Locks the named windows in the global order, and reads them as they are locked. Limit and thresholds are of their budgets, which
-- may have been set while this waited for a window: core.ledger_count_seen looks again.
create function core.ledger_see_windows(p_budget_ids bigint[], p_window_starts timestamptz[]) returns core.ledger_window_seen[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return array(
    select row(w.budget_id, w.period_start, b.limit_amount, b.alert_bp, coalesce(w.limit_amount, b.limit_amount) + w.carried + w.moved, w.spent,
      w.held, w.limit_amount is not null, w.head)::core.ledger_window_seen
    from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
    join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start
    join core.ledger_budget b on b.id = k.budget_id
    order by w.budget_id, w.period_start for no key update of w);
end
$$;
comment on function core.ledger_see_windows is 'Locks the named windows, and returns them as they are then.';

-- Adds the same to held and spent of all windows of a list, raises alerts, and returns what answers (heads) and the journal (cap,
-- spent and held of each) say of them. Where a budget was set since they were seen, the call is sent again.
create function core.ledger_count_seen(p_tx bigint, p_seen core.ledger_window_seen[], p_held bigint, p_spent bigint, p_now timestamptz,
  out heads text[], out counts bigint[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_window core.ledger_window_seen;
  v_count int;
  v_next bigint;
  v_ok boolean;
begin
  if p_seen = '{}' then return; end if;
  update core.ledger_window w set held = w.held + p_held, spent = w.spent + p_spent
  from unnest(p_seen) as k join core.ledger_budget b on b.id = k.budget_id and b.limit_amount = k.limit_amount and b.alert_bp = k.alert_bp
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  get diagnostics v_count = row_count;
  if v_count < cardinality(p_seen) then v_ok := core.ledger_retry(); end if;
  foreach v_window in array p_seen loop
    heads := heads || v_window.head;
    counts := counts || array[v_window.cap, v_window.spent + p_spent, v_window.held + p_held];
    -- No threshold is crossed within a basis point of the cap.
    continue when p_spent <= 0 or v_window.cap <= 0
      or div(v_window.spent * 10000::numeric, v_window.cap) = div((v_window.spent + p_spent) * 10000::numeric, v_window.cap);
    v_next := core.ledger_raise_alerts(p_tx, v_window.budget_id, v_window.period_start, v_window.cap, v_window.spent, v_window.spent + p_spent, p_now);
  end loop;
end
$$;
comment on function core.ledger_count_seen is 'Adds the same to held and spent of locked windows, and returns what answers and the journal say of them.';

-- The same amounts for the windows of a list, which are all or some of a set.
create function core.ledger_count_list(p_tx bigint, p_set core.ledger_window_set, p_ids bigint[], p_starts timestamptz[], p_held bigint,
  p_spent bigint, p_now timestamptz) returns core.ledger_window_set
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_one int[] := array(
    select case when exists (select from unnest(p_ids, p_starts) as k (id, start) where k.id = s.id and k.start = s.start) then 1 else 0 end
    from unnest(p_set.budget_ids, p_set.window_starts) with ordinality as s (id, start, ord) order by s.ord);
begin
  return core.ledger_count_each(p_tx, p_set, array(select p_held * o from unnest(v_one) o), array(select p_spent * o from unnest(v_one) o), p_now);
end
$$;
comment on function core.ledger_count_list is 'Adds the same to held and spent of the windows of a list among a set.';

-- A window whose rest the next one has taken grants nothing more. A call that took its time before the turn and the window's
-- lock after it is sent again, with the time of then.
create function core.ledger_require_present(p_budget_ids bigint[], p_window_starts timestamptz[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
      join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start where w.limit_amount is not null) then
    return core.ledger_retry();
  end if;
  return true;
end
$$;
comment on function core.ledger_require_present is 'Raises 40001 when a locked window has ended meanwhile.';
