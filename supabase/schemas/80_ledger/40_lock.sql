-- Takes every lock of a call in the one global order (accounts by id, holds by id, windows by budget and
-- period) and expires what is due, before anything is decided. Expiry is lazy here and swept in the background;
-- correctness never waits for the sweep.

-- What leaves less than a call needs: purses and budgets, whose due holds could deny it.
create type core.ledger_short as (purses bigint[], budgets bigint[]);

create function core.ledger_find_short(p_purses bigint[], p_path bigint[], p_need bigint, p_now timestamptz) returns core.ledger_short
language sql stable set search_path = pg_catalog, pg_temp as $$
  select row(
    array(select a.id from core.ledger_account a where a.id = any (p_purses) and core.ledger_available(a) < p_need),
    -- A window that is not there yet takes over the rest of the one before, which due holds make smaller.
    array(select b.id from core.ledger_budget b
      left join lateral (select l.* from core.ledger_window l
        where l.budget_id = b.id and l.period_start <= p_now order by l.period_start desc limit 1) w on w.period_end > p_now
      where b.account_id = any (p_path) and b.removed_at is null
        and (w.period_start is null or b.limit_amount + w.carried + w.moved - w.spent - w.held < p_need)))::core.ledger_short
$$;
comment on function core.ledger_find_short is 'The purses and budgets of a call that leave less than it needs.';

-- Locks the due holds of locked purses, and those named, in id order; returns those that are due, and the windows of all.
-- Each is looked up: in plans that were made where a vacuum found the table empty, they would be compared with every hold.
-- p_short null: all that are due; else those of a purse or with a budget that it names.
create function core.ledger_lock_holds(p_purses bigint[], p_holds core.ledger_hold_key[], p_limit int, p_now timestamptz,
  p_short core.ledger_short default null,
  out due core.ledger_hold_key[], out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_holds core.ledger_hold_key[] := p_holds;
begin
  if p_purses <> '{}' then
    select coalesce(array_agg(row(d.id, d.project)::core.ledger_hold_key), '{}') into due from (
      select h.id, h.project from core.ledger_hold h
      where h.root_id in (select a.root_id from core.ledger_account a where a.id = any (p_purses))
        and h.status = 'open' and h.expires_at <= p_now and h.purse_id = any (p_purses)
        and (p_short is null or h.purse_id = any (p_short.purses) or h.budget_ids && p_short.budgets)
      order by h.expires_at limit p_limit) d;
    if due <> '{}' then v_holds := due || array(select k from unnest(p_holds) as k where k <> all (due)); end if;
  end if;
  -- Read as they are locked. Due by name, too: the page above may not have reached it.
  with locked as materialized (
    select h.id, h.project, h.status = 'open' and h.expires_at <= p_now as is_due, h.budget_ids, h.window_starts
    from unnest(v_holds) as k join core.ledger_hold h on h.id = k.id and h.project = k.project
    order by h.id, h.project for no key update of h)
  select
    coalesce((select array_agg(row(l.id, l.project)::core.ledger_hold_key) from locked l where l.is_due), '{}'),
    w.budget_ids, w.window_starts into due, budget_ids, window_starts
  from (select coalesce(array_agg(k.budget_id), '{}') as budget_ids, coalesce(array_agg(k.period_start), '{}') as window_starts
    from (select distinct l.budget_ids, l.window_starts from locked l) d, unnest(d.budget_ids, d.window_starts) as k (budget_id, period_start)) w;
end
$$;
comment on function core.ledger_lock_holds is 'Locks due holds of locked purses and named holds, in id order; returns the due ones and the windows of all.';

-- Gives back what due holds still hold. Purses, holds and windows are locked by the caller. One statement per table,
-- however many are due: hold by hold, 5,000 of one purse took 4 s, most of it in the versions of the purse's own row.
create function core.ledger_expire(p_holds core.ledger_hold_key[], p_now timestamptz) returns int
language plpgsql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_xid xid8 := core.xid_after((select t.xid from core.ledger_tx t order by t.xid desc limit 1), (select h.base from core.xid_head h));
  v_count int;
begin
  with due as materialized (
    select nextval('core.journal_id') as tx, h.* from (
      select d.id, d.account_id, d.purse_id, d.project, d.amount::bigint - d.captured as rest
      from unnest(p_holds) as k join core.ledger_hold d on d.id = k.id and d.project = k.project
      where d.status = 'open' and d.expires_at <= p_now order by d.expires_at, d.id) h
  ), counted as (
    select d.*, row_number() over running as nth, (sum(d.rest) over running)::bigint as given_back
    from due d window running as (partition by d.purse_id order by d.tx)
  )
  insert into core.ledger_tx (id, xid, project, key, op, account_id, purse_id, version, hold, amount, settled, held, available, request,
    actor, created_at)
  select c.tx, v_xid, c.project, 'core:expire:' || c.id, 'expire', c.account_id, c.purse_id, p.version + c.nth, c.id, c.rest,
    p.total_in::bigint - p.total_out, p.held - c.given_back, core.ledger_available(p) + c.given_back,
    jsonb_build_object('op', 'expire', 'hold', c.id), core.actor(), p_now
  from counted c join core.ledger_account p on p.id = c.purse_id;
  get diagnostics v_count = row_count;

  update core.ledger_window w set held = w.held - k.rest
  from (
    select u.budget_id, u.period_start, sum(greatest(0, least(u.part_to, h.amount) - greatest(u.part_from, h.captured))) as rest
    from unnest(p_holds) as d join core.ledger_hold h on h.id = d.id and h.project = d.project,
      unnest(h.budget_ids, h.window_starts, h.part_from, h.part_to) as u (budget_id, period_start, part_from, part_to)
    where h.status = 'open' and h.expires_at <= p_now group by 1, 2) k
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  update core.ledger_account a set held = a.held - k.rest, version = a.version + k.count
  from (
    select h.purse_id, sum(h.amount - h.captured) as rest, count(*) as count
    from unnest(p_holds) as d join core.ledger_hold h on h.id = d.id and h.project = d.project
    where h.status = 'open' and h.expires_at <= p_now group by 1) k
  where a.id = k.purse_id;
  update core.ledger_hold h set status = 'expired', released = h.amount - h.captured, closed_at = p_now
  from unnest(p_holds) as d where h.id = d.id and h.project = d.project and h.status = 'open' and h.expires_at <= p_now;
  return v_count;
end
$$;
comment on function core.ledger_expire is 'Expires locked, due holds: releases the rest of each and journals it; returns how many.';

-- Names of locks on purses and windows, for batches to remember which they have.
create function core.ledger_lock_names(p_purses bigint[], p_budget_ids bigint[], p_window_starts timestamptz[]) returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select array(select 'purse ' || p from unnest(p_purses) p)
    || array(select concat('window ', u.budget_id, ' ', extract(epoch from u.period_start))
      from unnest(p_budget_ids, p_window_starts) as u (budget_id, period_start))
$$;
comment on function core.ledger_lock_names is 'Names of locks on purses and windows.';

-- The time and the locks of a batch. An argument of what runs inside it and never a setting, which any session can make.
create type core.ledger_batch_locks as (at timestamptz, names text[]);

create function core.ledger_adopt_locks(p_purses bigint[], p_holds core.ledger_hold_key[], p_at timestamptz, p_budget_ids bigint[],
  p_window_starts timestamptz[]) returns core.ledger_batch_locks
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ids bigint[];
  v_starts timestamptz[];
begin
  select p_budget_ids || array_agg(k.budget_id), p_window_starts || array_agg(k.period_start) into v_ids, v_starts
  from unnest(p_holds) as d join core.ledger_hold h on h.id = d.id and h.project = d.project,
    unnest(h.budget_ids, h.window_starts) as k (budget_id, period_start);
  return row(p_at, core.ledger_lock_names(p_purses, v_ids, v_starts));
end
$$;
comment on function core.ledger_adopt_locks is 'The time and the locks of a batch, for its operations.';

-- A lock that an operation of a batch needs and the batch did not take, because its hold, account or budget was opened
-- since: taken now it would be out of the order, and two such batches would wait for each other.
create function core.ledger_require_locked(p_locked text[], p_names text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not p_names <@ p_locked then
    raise exception using errcode = '40001', message = 'the batch met a hold, account or budget that was opened since it began',
      hint = 'Send the batch again.';
  end if;
  return true;
end
$$;
comment on function core.ledger_require_locked is 'Raises 40001 for a lock that the batch does not have.';

-- Locks any number of purses, then looks for what is due in their trees, and expires it. Due holds of siblings matter because
-- they are in the windows of common ancestors: their purses join the lock. They come out of the order, so they are not waited
-- for: a busy one expires its own holds, and a call that one of those could deny is sent again. Opens the present windows of
-- p_path's budgets (null: of none) and locks them with those of the holds and any named ones. at is taken after the account
-- locks: it decides expiry and the period. Where more than 100 holds are due, only those expire that can deny the call, which
-- needs p_need (null: unknown, so all): 10,000 due holds of one tenant made a charge of its sibling wait for 0.9 s.
-- is_known: the journal has the key p_key of p_project; is_frozen: an account of the path is not active.
create function core.ledger_lock(p_batch core.ledger_batch_locks, p_purses bigint[], p_roots bigint[], p_holds core.ledger_hold_key[], p_path bigint[],
  p_budget_ids bigint[], p_window_starts timestamptz[], p_need bigint default null, p_project text default null, p_key text default null,
  out at timestamptz, out budget_ids bigint[], out window_starts timestamptz[], out purse core.ledger_account, out hold core.ledger_hold,
  out is_known boolean, out is_frozen boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_limits bigint[];
  v_is_due boolean;
  v_is_missing boolean;
  v_budget_id bigint;
  v_start timestamptz;
  v_taken bigint[];
  v_siblings bigint[];
  v_short core.ledger_short;
  v_after core.ledger_short;
  v_locked record;
  v_due core.ledger_hold_key[] := '{}';
  v_opened record;
  v_made bigint[];
  v_ids bigint[] := p_budget_ids;
  v_starts timestamptz[] := p_window_starts;
begin
  -- Inside a batch the batch has taken the locks; a second expiry would take locks out of order.
  if p_batch.at is not null then
    v_ok := core.ledger_require_locked(p_batch.names, core.ledger_lock_names(p_purses, '{}', '{}'));
  end if;
  -- One row is read as it is locked: nothing is joined or summed that could be older than the lock.
  if cardinality(p_purses) = 1 then
    select * into purse from core.ledger_account where id = p_purses[1] for no key update;
  else
    perform from core.ledger_account where id = any (p_purses) order by id for no key update;
  end if;
  at := coalesce(p_batch.at, clock_timestamp());
  -- All that is asked under this lock, in one statement: to begin one costs as much as its rows. Mostly nothing is due.
  select p_batch.at is null and exists (
      select from core.ledger_hold h where h.root_id = any (p_roots) and h.status = 'open' and h.expires_at <= at),
    exists (select from core.ledger_tx t where t.project = p_project and t.key = p_key),
    exists (select from core.ledger_account a where a.id = any (p_path) and a.status <> 'active')
  into v_is_due, is_known, is_frozen;
  budget_ids := '{}';
  window_starts := '{}';
  if p_path is not null then
    -- Mostly they are there; the calendar is asked only where one is not.
    for v_budget_id, v_start in
      select b.id, w.period_start from core.ledger_budget b
      left join lateral (
        select l.period_start, l.period_end from core.ledger_window l
        where l.budget_id = b.id and l.period_start <= at order by l.period_start desc limit 1) w on w.period_end > at
      where b.account_id = any (p_path) and b.removed_at is null order by b.id
    loop
      budget_ids := budget_ids || v_budget_id;
      window_starts := window_starts || v_start;
      if v_start is null then v_is_missing := true; end if;
    end loop;
  end if;

  if v_is_due then
    if p_need is not null and 100 < (select count(*) from (
        select from core.ledger_hold h where h.root_id = any (p_roots) and h.status = 'open' and h.expires_at <= at limit 101) d) then
      v_short := core.ledger_find_short(p_purses, p_path, p_need, at);
    end if;
    -- All that is due, up to a bound that is not reached while a sweep runs: a hold left over could deny for nothing.
    v_siblings := array(select distinct d.purse_id from (
      select h.purse_id from core.ledger_hold h
      where h.root_id = any (p_roots) and h.status = 'open' and h.expires_at <= at
        and (v_short is null or h.purse_id = any (v_short.purses) or h.budget_ids && v_short.budgets)
      order by h.expires_at limit 10000) d where d.purse_id <> all (p_purses));
    v_taken := array(select id from core.ledger_account where id = any (v_siblings) for no key update skip locked);
    v_locked := core.ledger_lock_holds(p_purses || v_taken, p_holds, 10000, at, v_short);
    v_due := v_locked.due;
    v_ids := v_ids || v_locked.budget_ids;
    v_starts := v_starts || v_locked.window_starts;
  elsif cardinality(p_holds) = 1 then
    select * into hold from core.ledger_hold h where h.id = (p_holds[1]).id and h.project = (p_holds[1]).project for no key update;
    v_ids := v_ids || hold.budget_ids;
    v_starts := v_starts || hold.window_starts;
    if hold.status = 'open' and hold.expires_at <= at then v_due := p_holds; end if;
  elsif cardinality(p_holds) > 0 then
    v_locked := core.ledger_lock_holds('{}', p_holds, 10000, at);
    v_due := v_locked.due;
    v_ids := v_ids || v_locked.budget_ids;
    v_starts := v_starts || v_locked.window_starts;
  end if;
  if v_is_missing then
    v_opened := core.ledger_open_windows(p_path, at);
    budget_ids := v_opened.budget_ids;
    window_starts := v_opened.window_starts;
    v_made := v_opened.made;
    -- What rolls over is the rest of the last window, which ends here; a call that was in time for it may not have committed yet.
    select v_ids || array_agg(l.budget_id), v_starts || array_agg(l.period_start) into v_ids, v_starts
    from core.ledger_budget b join unnest(budget_ids, window_starts) as k (budget_id, period_start) on k.budget_id = b.id
    cross join lateral (select w.budget_id, w.period_start from core.ledger_window w
      where w.budget_id = b.id and w.period_start < k.period_start order by w.period_start desc limit 1) l
    where b.id = any (v_made);
  end if;
  v_ids := budget_ids || v_ids;
  v_starts := window_starts || v_starts;
  if cardinality(v_ids) > 0 then
    if p_batch.at is not null then
      v_ok := core.ledger_require_locked(p_batch.names, core.ledger_lock_names('{}', v_ids, v_starts));
    end if;
    -- core.ledger_lock_windows written out, without an aggregate: a call costs as much as reading a window, and so does that.
    -- No condition on what is locked: the planner would move it below the lock, and lock only what meets it.
    v_limits := array(
      select w.limit_amount from core.ledger_window w
      join unnest(v_ids, v_starts) as k (budget_id, period_start) on w.budget_id = k.budget_id and w.period_start = k.period_start
      order by w.budget_id, w.period_start for no key update of w);
    if array_remove(v_limits, null) <> '{}' and cardinality(budget_ids) > 0 then
      v_ok := core.ledger_require_present(budget_ids, window_starts);
    end if;
  end if;
  -- Mostly that is all: nothing is due, and every window was there.
  if purse.id is not null and v_is_due is not true and v_due = '{}' and v_made is null and (hold.id is not null or p_holds = '{}') then return; end if;
  if v_due <> '{}' then
    perform core.ledger_expire(v_due, at);
  end if;
  if cardinality(p_purses) = 1 and (purse.id is null or v_due <> '{}') then
    select * into purse from core.ledger_account where id = p_purses[1];
  end if;
  if cardinality(p_holds) = 1 and (hold.id is null or v_due <> '{}') then
    select * into hold from core.ledger_hold h where h.id = (p_holds[1]).id and h.project = (p_holds[1]).project;
  end if;
  -- Others may have spent since what was enough before the locks, or be at work on a purse whose due hold denies the call, or
  -- makes less what rolls over.
  if v_is_due and (v_short is not null or cardinality(v_siblings) > cardinality(v_taken)) then
    v_after := case when p_need is null then row('{}', budget_ids)::core.ledger_short
      else core.ledger_find_short(p_purses, p_path, p_need, at) end;
    v_after.budgets := v_after.budgets || v_made;
    if not v_after.purses <@ v_short.purses or not v_after.budgets <@ v_short.budgets
      or exists (select from core.ledger_hold h where h.root_id = any (p_roots) and h.status = 'open' and h.expires_at <= at
        and h.purse_id = any (v_siblings) and h.purse_id <> all (v_taken) and h.budget_ids && v_after.budgets) then
      v_ok := core.ledger_retry();
    end if;
  end if;
  -- Windows are made before the ones before them are locked and their holds expire; now it is known what was their rest.
  if v_made is not null then
    update core.ledger_window w set carried = core.ledger_carry(b, w.period_start)
    from unnest(budget_ids, window_starts) as k (budget_id, period_start), core.ledger_budget b
    where w.budget_id = k.budget_id and w.period_start = k.period_start and b.id = k.budget_id
      and b.id = any (v_made) and b.carry_cap > 0;
    -- The windows before have ended, with the limit of now: what is set later is not theirs.
    update core.ledger_window w set limit_amount = b.limit_amount, passed_on = n.carried
    from unnest(budget_ids, window_starts) as k (budget_id, period_start), core.ledger_budget b, core.ledger_window n
    where b.id = k.budget_id and b.id = any (v_made) and w.budget_id = b.id and w.period_start < k.period_start and w.limit_amount is null
      and n.budget_id = b.id and n.period_start = k.period_start;
  end if;
end
$$;
comment on function core.ledger_lock is 'Takes every lock of a call in the global order, expires what is due, and returns the time, the present windows and, where it is one, the purse and the hold.';

-- Locks one account: its purse locked and read, and, as asked, one hold, the present windows of its path, a
-- further account and further windows.
create function core.ledger_lock_account(p_batch core.ledger_batch_locks, p_account core.ledger_account, p_hold uuid, p_windows boolean, p_also bigint default null,
  p_budget_ids bigint[] default '{}', p_window_starts timestamptz[] default '{}', p_need bigint default null,
  out purse core.ledger_account, out at timestamptz, out budget_ids bigint[], out window_starts timestamptz[], out hold core.ledger_hold)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_lock record;
  v_purses bigint[] := array[p_account.purse_id];
  v_roots bigint[] := array[p_account.root_id];
begin
  if p_also is not null then
    v_purses := v_purses || p_also;
    v_roots := v_roots || array(select a.root_id from core.ledger_account a where a.id = p_also);
  end if;
  v_lock := core.ledger_lock(p_batch, v_purses, v_roots, case when p_hold is null then '{}' else array[row(p_hold, p_account.project)::core.ledger_hold_key] end,
    case when p_windows then p_account.path end,
    p_budget_ids, p_window_starts, p_need);
  at := v_lock.at;
  budget_ids := v_lock.budget_ids;
  window_starts := v_lock.window_starts;
  hold := v_lock.hold;
  purse := v_lock.purse;
  if purse.id is null then select * into purse from core.ledger_account where id = p_account.purse_id; end if;
end
$$;
comment on function core.ledger_lock_account is 'Locks one account, expires what is due, and returns its purse, its hold, the time and its present windows.';

-- The present windows of the budgets of a path, as a call that spends saw them, and what they leave; rest null: it has to be read.
create type core.ledger_path_windows as (budget_ids bigint[], window_starts timestamptz[], seen core.ledger_window_seen[], rest bigint);

-- The windows for a call that spends from an account whose purse is locked, where it is as mostly: the key is new, no account of the
-- path is frozen, nothing is due, every window is there. Else null, nothing is locked, and core.ledger_lock has to be asked.
create function core.ledger_lock_path(p_account core.ledger_account, p_key text, p_at timestamptz) returns core.ledger_path_windows
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_is_usual boolean;
  v_ids bigint[];
  v_starts timestamptz[];
  v_seen core.ledger_window_seen[];
  v_window core.ledger_window_seen;
  v_rest bigint := 9007199254740991;
  v_ok boolean;
begin
  select not exists (select from core.ledger_hold h where h.root_id = p_account.root_id and h.status = 'open' and h.expires_at <= p_at)
      and not exists (select from core.ledger_tx t where t.project = p_account.project and t.key = p_key)
      and not exists (select from core.ledger_account a where a.id = any (p_account.path) and a.status <> 'active'),
    array(select b.id from core.ledger_budget b where b.account_id = any (p_account.path) and b.removed_at is null order by b.id),
    array(
      select (
        select case when l.period_end > p_at then l.period_start end from core.ledger_window l
        where l.budget_id = b.id and l.period_start <= p_at order by l.period_start desc limit 1)
      from core.ledger_budget b where b.account_id = any (p_account.path) and b.removed_at is null order by b.id)
  into v_is_usual, v_ids, v_starts;
  if not v_is_usual or array_position(v_starts, null) is not null then return null; end if;
  v_seen := core.ledger_see_windows(v_ids, v_starts);
  foreach v_window in array v_seen loop
    if v_window.is_ended then v_ok := core.ledger_retry(); end if;
    v_rest := least(v_rest, v_window.cap - v_window.spent - v_window.held);
  end loop;
  return row(v_ids, v_starts, v_seen, v_rest)::core.ledger_path_windows;
end
$$;
comment on function core.ledger_lock_path is 'Locks the present windows of an account, where nothing has to be done before.';

-- Sweeps due holds of all accounts.
create function core_api.ledger_expire_due(p_limit int default 500) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_purses bigint[];
  v_locked record;
  v_now timestamptz := clock_timestamp();
begin
  v_ok := core.authorize('ledger:operate', null);
  if p_limit is null or p_limit not between 1 and 10000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 10000', 'Call again while it returns as many as the limit.',
      jsonb_build_object('field', 'limit'));
  end if;
  -- Tree by tree, as the index of what is due is ordered: without a tree all of it would be read, due or not.
  select array_agg(distinct d.purse_id) into v_purses from (
    select h.purse_id from core.ledger_account r cross join lateral (
      select l.purse_id, l.expires_at from core.ledger_hold l
      where l.root_id = r.id and l.status = 'open' and l.expires_at <= v_now order by l.expires_at limit p_limit) h
    where r.parent_id is null order by h.expires_at limit p_limit) d;
  if v_purses is null then return jsonb_build_object('ok', true, 'expired', 0); end if;

  perform from core.ledger_account where id = any (v_purses) order by id for no key update;
  v_now := clock_timestamp();
  v_locked := core.ledger_lock_holds(v_purses, '{}', p_limit, v_now);
  v_ok := core.ledger_lock_windows(v_locked.budget_ids, v_locked.window_starts);
  return jsonb_build_object('ok', true, 'expired', core.ledger_expire(v_locked.due, v_now));
end
$$;
comment on function core_api.ledger_expire_due is 'Expires due holds, at most p_limit, and returns how many. Safe to run from several processes.';
revoke execute on function core_api.ledger_expire_due from public;
grant execute on function core_api.ledger_expire_due to service_role;
