-- Budgets: periods in their own time zone, windows made at the gate, alerts at the crossing.

-- The period that contains an instant. Days, weeks and months follow the wall clock of the zone, so a day across a
-- change of clocks has 23 or 25 hours; hours are counted in absolute time.
create function core.ledger_period(p_period text, p_zone text, p_at timestamptz,
  out period_start timestamptz, out period_end timestamptz)
language plpgsql stable set search_path = '' as $$
begin
  if p_period = 'total' then
    period_start := '-infinity';
    period_end := 'infinity';
  else
    period_start := date_trunc(p_period, p_at, p_zone);
    period_end := case p_period
      when 'hour' then period_start + interval '1 hour'
      else ((period_start at time zone p_zone) + ('1 ' || p_period)::interval) at time zone p_zone
    end;
  end if;
end
$$;
comment on function core.ledger_period is 'Start (inclusive) and end (exclusive) of the period of an IANA time zone that contains an instant.';

-- What a new window takes over: the unused rest of the period before, at most carry_cap. Computed once, at creation.
create function core.ledger_carry(p_budget core.ledger_budget, p_start timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
declare
  v_before timestamptz;
  v_rest bigint;
begin
  if p_budget.carry_cap = 0 or p_budget.period = 'total' or p_start <= p_budget.created_at then return 0; end if;
  v_before := (core.ledger_period(p_budget.period, p_budget.time_zone, p_start - interval '1 second')).period_start;
  select p_budget.limit_amount + w.carried + w.moved - w.spent - w.held into v_rest
  from core.ledger_window w where w.budget_id = p_budget.id and w.period_start = v_before;
  return least(p_budget.carry_cap, greatest(0, coalesce(v_rest, p_budget.limit_amount)));
end
$$;
comment on function core.ledger_carry is 'The roll-over into the window that starts at p_start, in micro-credits.';

-- The present windows of every budget on a path of accounts, made where this is their first touch. Making comes before
-- any window is locked, in budget order: two first touches at midnight wait for each other, never in a circle.
create function core.ledger_open_windows(p_path bigint[], p_now timestamptz,
  out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql set search_path = '' as $$
begin
  select coalesce(array_agg(b.id order by b.id), '{}'), coalesce(array_agg(p.period_start order by b.id), '{}')
  into budget_ids, window_starts
  from core.ledger_budget b, core.ledger_period(b.period, b.time_zone, p_now) p
  where b.account_id = any (p_path) and b.removed_at is null;

  if exists (
    select from unnest(budget_ids, window_starts) as k (budget_id, period_start)
    where not exists (select from core.ledger_window w where w.budget_id = k.budget_id and w.period_start = k.period_start)
  ) then
    insert into core.ledger_window (budget_id, period_start, period_end, carried)
    select b.id, p.period_start, p.period_end, core.ledger_carry(b, p.period_start)
    from core.ledger_budget b, core.ledger_period(b.period, b.time_zone, p_now) p
    where b.id = any (budget_ids)
    order by b.id
    on conflict on constraint ledger_window_pkey do nothing;
  end if;
end
$$;
comment on function core.ledger_open_windows is 'The current windows of all budgets on a path, created at first touch.';

create function core.ledger_lock_windows(p_budget_ids bigint[], p_window_starts timestamptz[]) returns void
language plpgsql set search_path = '' as $$
begin
  perform from core.ledger_window w
  join unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
    on w.budget_id = k.budget_id and w.period_start = k.period_start
  order by w.budget_id, w.period_start for no key update of w;
end
$$;
comment on function core.ledger_lock_windows is 'Locks the named windows in the global order (budget, period).';

-- What the tightest of the named windows leaves, and its budget's name; nulls where no budget binds.
create function core.ledger_tightest(p_budget_ids bigint[], p_window_starts timestamptz[], out rest bigint, out budget text)
language plpgsql stable set search_path = '' as $$
begin
  select b.limit_amount + w.carried + w.moved - w.spent - w.held, b.name into rest, budget
  from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
  join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start
  join core.ledger_budget b on b.id = k.budget_id
  order by 1, b.id limit 1;
end
$$;
comment on function core.ledger_tightest is 'The least rest among the named windows.';

create function core.ledger_budget_view(p_budget core.ledger_budget, p_window core.ledger_window, p_account text) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object('budget', p_budget.name, 'account', p_account, 'period', p_budget.period,
    'limit', p_budget.limit_amount + p_window.carried + p_window.moved, 'spent', p_window.spent, 'held', p_window.held,
    'rest', p_budget.limit_amount + p_window.carried + p_window.moved - p_window.spent - p_window.held,
    'period_start', case when isfinite(p_window.period_start) then p_window.period_start end,
    'resets_at', case when isfinite(p_window.period_end) then p_window.period_end end)
$$;
comment on function core.ledger_budget_view is 'One window as answers show it; resets_at is null for a total.';

create function core.ledger_budgets_view(p_budget_ids bigint[], p_window_starts timestamptz[]) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(core.ledger_budget_view(b, w, a.code) order by b.id), '[]')
  from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
  join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start
  join core.ledger_budget b on b.id = k.budget_id
  join core.ledger_account a on a.id = b.account_id
$$;
comment on function core.ledger_budgets_view is 'Each window as answers show it: limit, spent, held, rest, resets_at.';

-- Moves held and spent of the named windows, already locked, and raises an alert for every threshold that the
-- spending crosses. Returns the windows as answers show them.
create function core.ledger_count(p_tx bigint, p_budget_ids bigint[], p_window_starts timestamptz[],
  p_held bigint, p_spent bigint, p_now timestamptz) returns jsonb
language plpgsql set search_path = '' as $$
begin
  if cardinality(p_budget_ids) = 0 then return '[]'; end if;
  update core.ledger_window w set held = w.held + p_held, spent = w.spent + p_spent
  from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  if p_spent > 0 then
    perform core.ledger_raise_alerts(p_tx, p_budget_ids, p_window_starts, p_spent, p_now);
  end if;
  return core.ledger_budgets_view(p_budget_ids, p_window_starts);
end
$$;
comment on function core.ledger_count is 'Adds to held and spent of locked windows, raises alerts, returns the windows.';

-- p_spent is what was just added: a threshold is crossed when it lies between the old and the new sum. Null checks
-- the present sum alone (the limit itself has changed).
create function core.ledger_raise_alerts(p_tx bigint, p_budget_ids bigint[], p_window_starts timestamptz[],
  p_spent bigint, p_now timestamptz) returns void
language sql set search_path = '' as $$
  insert into core.ledger_alert (budget_id, period_start, limit_amount, threshold_bp, spent, project, tx_id, created_at)
  select b.id, w.period_start, l.cap, t.bp, w.spent, a.project, p_tx, p_now
  from unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start)
  join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start
  join core.ledger_budget b on b.id = k.budget_id
  join core.ledger_account a on a.id = b.account_id
  cross join lateral (select b.limit_amount + w.carried + w.moved as cap) l
  cross join lateral unnest(b.alert_bp) as t (bp)
  where l.cap > 0
    and w.spent::numeric * 10000 >= l.cap::numeric * t.bp
    and (p_spent is null or (w.spent - p_spent)::numeric * 10000 < l.cap::numeric * t.bp)
  order by b.id, t.bp
  on conflict on constraint ledger_alert_once do nothing
$$;
comment on function core.ledger_raise_alerts is 'One alert per threshold crossed, once per (budget, window, limit, threshold).';
