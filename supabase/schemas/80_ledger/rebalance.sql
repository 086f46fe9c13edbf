-- Balancing: unused cap moves between siblings of one parent, within one period, sum zero. Never money.

-- The water level: the largest equal rest r such that the caps max(floor, demand + r) of all siblings fit the total.
-- demand is what is spent and held: no cap falls below what is used already.
create function core.ledger_water_level(p_demands bigint[], p_floors bigint[], p_total bigint) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_low bigint := 0;
  v_high bigint := p_total;
  v_middle bigint;
  v_needed numeric;
begin
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low + 1) / 2;
    select sum(greatest(u.floor, u.demand + v_middle)) into v_needed from unnest(p_demands, p_floors) as u (demand, floor);
    if v_needed <= p_total then v_low := v_middle; else v_high := v_middle - 1; end if;
  end loop;
  return v_low;
end
$$;
comment on function core.ledger_water_level is 'The largest equal rest for which max(floor, demand + rest) over all siblings fits the total.';

-- Levels the present windows of the budget of that name over the children of p_parent. Policy fair: after it, everybody
-- has the same rest, except where a floor gives more; what cannot be divided goes to the oldest accounts. Deterministic;
-- p_dry_run only answers. p_until fences a caller that was held up: once its locks are held after that instant, nothing moves
-- (interval_over). Each account that gains or gives cap gets an event. Replays on p_key. Locks: purses of parent and children, their windows.
create function core_api.ledger_rebalance(p_key text, p_parent text, p_budget text, p_policy text default 'fair', p_dry_run boolean default false,
  p_until timestamptz default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_parent core.ledger_account;
  v_children core.ledger_account[];
  v_purses bigint[];
  v_roots bigint[];
  v_accounts bigint[];
  v_lock record;
  v_purse core.ledger_account;
  v_ids bigint[];
  v_codes text[];
  v_starts timestamptz[];
  v_caps bigint[];
  v_bases bigint[];
  v_demands bigint[];
  v_floors bigint[];
  v_spent bigint[];
  v_total bigint := 0;
  v_level bigint;
  v_left bigint;
  v_cap bigint;
  v_moves jsonb := '[]';
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
  v_tx bigint;
begin
  v_ok := core.ledger_require_key(p_key);
  if p_policy is distinct from 'fair' then
    perform core.refuse('PT400', 'invalid_policy', 'policy must be fair', null, jsonb_build_object('field', 'policy'));
  elsif p_budget is null or p_dry_run is null then
    perform core.refuse('PT400', 'invalid_budget', 'name the budget to balance, and whether to run dry', null, jsonb_build_object('field', 'budget'));
  end if;
  v_parent := core.ledger_find_account('ledger:budget', p_parent);
  if v_parent.id is null then return core.ledger_denied('account_not_found', p_parent); end if;
  v_request := jsonb_build_object('op', 'rebalance', 'parent', p_parent, 'budget', p_budget, 'policy', p_policy);

  select array_agg(c order by c.id) into v_children from core.ledger_account c
  where c.parent_id = v_parent.id and c.status <> 'closed'
    and exists (select from core.ledger_budget b where b.account_id = c.id and b.name = p_budget and b.removed_at is null);
  select array_agg(distinct a.purse_id), array_agg(distinct a.root_id), array_agg(distinct a.id) into v_purses, v_roots, v_accounts
  from unnest(v_children || v_parent) a;
  v_lock := core.ledger_lock(null, v_purses, v_roots, '{}', v_accounts, '{}', '{}');
  select * into v_purse from core.ledger_account where id = v_parent.purse_id;
  if not p_dry_run then
    v_replay := core.ledger_replay(v_parent.project, p_key, v_request);
    if v_replay is not null then return v_replay; end if;
  end if;
  if v_lock.at >= p_until then
    perform core.refuse('PT409', 'interval_over', format('the interval that ended at %s is over', p_until), 'Act in the present interval.');
  end if;
  if core.claims() ->> 'project' is not null and exists (select from core.ledger_budget b
      where b.account_id in (select c.id from unnest(v_children) c) and b.name = p_budget and b.removed_at is null and b.set_by = 'owner') then
    perform core.ledger_refuse_budget(p_budget);
  end if;
  if (select count(distinct (b.period, b.time_zone)) from core.ledger_budget b
      where b.account_id in (select c.id from unnest(v_children) c) and b.name = p_budget and b.removed_at is null) > 1 then
    perform core.refuse('PT409', 'periods_differ', format('the budgets %s below %s do not share one period and time zone', p_budget, p_parent),
      'Set them alike: cap moves only within one period.', jsonb_build_object('budget', p_budget));
  end if;

  -- In the order of the accounts, whatever the plan of the join: the oldest get what cannot be divided.
  select array_agg(r.id), array_agg(r.code), array_agg(r.period_start), array_agg(r.base + r.moved), array_agg(r.base),
    array_agg(r.spent + r.held), array_agg(r.floor), array_agg(r.spent)
  into v_ids, v_codes, v_starts, v_caps, v_bases, v_demands, v_floors, v_spent
  from (
    select b.id, c.code, w.period_start, b.limit_amount::bigint + w.carried as base, w.moved, w.spent::bigint as spent, w.held,
      b.floor_amount::bigint as floor
    from unnest(v_children) c
    join core.ledger_budget b on b.account_id = c.id and b.name = p_budget and b.removed_at is null
    join core.ledger_window w on w.budget_id = b.id
      and w.period_start = (core.ledger_period(b.period, b.time_zone, v_lock.at)).period_start
    order by c.id) r;
  v_total := coalesce((select sum(u) from unnest(v_caps) u), 0);
  -- Where floors and use already exceed the total there is nothing unused to move.
  if coalesce((select sum(greatest(u.floor, u.demand)) from unnest(v_demands, v_floors) as u (demand, floor)), 0) <= v_total then
    v_level := core.ledger_water_level(v_demands, v_floors, v_total);
    v_left := v_total - coalesce((select sum(greatest(u.floor, u.demand + v_level)) from unnest(v_demands, v_floors) as u (demand, floor)), 0);
    v_tx := case when not p_dry_run then nextval('core.journal_id') end;
    for i in 1 .. coalesce(cardinality(v_ids), 0) loop
      v_cap := greatest(v_floors[i], v_demands[i] + v_level);
      if v_left > 0 and v_demands[i] + v_level >= v_floors[i] then
        v_cap := v_cap + 1;
        v_left := v_left - 1;
      end if;
      if i = cardinality(v_ids) then v_cap := v_cap + v_left; end if;
      continue when v_cap = v_caps[i];
      v_moves := v_moves || jsonb_build_object('account', v_codes[i], 'from', v_caps[i], 'to', v_cap, 'moved', v_cap - v_caps[i]);
      if not p_dry_run then
        update core.ledger_window set moved = v_cap - v_bases[i] where budget_id = v_ids[i] and period_start = v_starts[i];
        perform core.emit('ledger.rebalance', split_part(v_codes[i], '/', 1), 'moved', jsonb_build_object('account', v_codes[i],
          'parent', p_parent, 'budget', p_budget, 'from', v_caps[i], 'to', v_cap, 'tx', v_tx));
        perform core.ledger_raise_alerts(v_tx, v_ids[i], v_starts[i], v_cap, v_spent[i], v_spent[i], v_lock.at, v_caps[i]);
      end if;
    end loop;
  end if;

  v_answer := jsonb_build_object('parent', p_parent, 'budget', p_budget, 'total', v_total, 'dry_run', p_dry_run, 'moves', v_moves);
  if p_dry_run then return jsonb_build_object('ok', true) || v_answer; end if;
  v_tx := coalesce(v_tx, nextval('core.journal_id'));
  update core.ledger_account set version = version + 1 where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse, '[]') || v_answer;
  perform core.ledger_journal(v_tx, p_key, 'rebalance', v_parent, v_purse, null, 0, '{}', v_request, v_answer, v_lock.at);
  return v_answer;
end
$$;
comment on function core_api.ledger_rebalance is 'Levels unused cap of one budget between the children of an account; sum zero. Replays on p_key.';
revoke execute on function core_api.ledger_rebalance from public;
grant execute on function core_api.ledger_rebalance to core_member, service_role;
