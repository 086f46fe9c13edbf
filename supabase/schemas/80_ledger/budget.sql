-- Budgets: set or remove a cap, read alerts.

-- A budget as it was set; its present window is another matter. Null for none.
create function core.ledger_budget_view(p_budget core.ledger_budget) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_budget.id is null then return null; end if;
  return jsonb_build_object('period', p_budget.period, 'tz', p_budget.time_zone, 'limit', p_budget.limit_amount,
    'carry_cap', p_budget.carry_cap, 'floor', p_budget.floor_amount, 'alert_bp', to_jsonb(p_budget.alert_bp), 'set_by', p_budget.set_by);
end
$$;
comment on function core.ledger_budget_view is 'What a budget was set to, or null where there is none.';

create function core.ledger_budget_etag(p_budget core.ledger_budget) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return core.etag(core.ledger_budget_view(p_budget) || jsonb_build_object('id', p_budget.id));
end
$$;
comment on function core.ledger_budget_etag is 'Names what a budget was set to; null for none.';

-- Whether p_tz is the name of an IANA time zone as the database spells it. Reading pg_timezone_names opens hundreds of files;
-- setting the zone opens one, and is undone when this function returns. A name with digits could also be a POSIX rule, which
-- needs no file: only the real ones pass.
create function core.ledger_is_time_zone(p_tz text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
  if p_tz is null or length(p_tz) > 100 or p_tz !~ '^[A-Za-z][A-Za-z0-9_+/-]*$' or p_tz ~ '[0-9]'
      and p_tz !~ '^((Etc/)?GMT[+-]?0|Etc/GMT([+]([1-9]|1[0-2])|-([1-9]|1[0-4]))|(EST5E|CST6C|MST7M|PST8P)DT)$' then return false; end if;
  perform set_config('TimeZone', p_tz, true);
  return current_setting('TimeZone') = p_tz;
exception when invalid_parameter_value then
  return false;
end
$$;
comment on function core.ledger_is_time_zone is 'Whether a text is the name of an IANA time zone.';

create function core.ledger_refuse_budget(p_name text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT403', 'forbidden_budget', format('the owner set the budget %s: a project may only make it stricter', p_name),
    'Set another budget beside it, or ask the owner.', jsonb_build_object('budget', p_name));
  return false;
end
$$;
comment on function core.ledger_refuse_budget is 'Raises PT403: the budget is the owner''s.';

-- An account and all below it.
create function core.ledger_below(p_account bigint) returns bigint[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  with recursive below (id) as (
    select p_account
    union all
    select c.id from below b join core.ledger_account c on c.parent_id = b.id)
  select array_agg(b.id) from below b
$$;
comment on function core.ledger_below is 'The ids of an account and of all accounts below it.';

-- Counts in the window of a budget what its account and those below it were charged since p_since and what they hold, unless it
-- counts there already: for a budget that was away, or that had another period. Their purses are locked by the caller.
create function core.ledger_recount(p_budget core.ledger_budget, p_start timestamptz, p_since timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_accounts bigint[] := core.ledger_below(p_budget.account_id);
  v_low bigint := case when isfinite(p_since) then core.ledger_number_at(greatest(p_since, timestamptz '2000-01-01') - interval '1 minute') else 0 end;
  v_spent bigint;
  v_held bigint;
begin
  select coalesce(sum(s.sign * case when t.hold is not null
      then s.amount - s.above - (
        select coalesce(sum(greatest(0, least(k.part_to, s.start + s.amount - s.above) - greatest(k.part_from, s.start))), 0)
        from unnest(h.budget_ids, h.part_from, h.part_to) as k (id, part_from, part_to) where k.id = p_budget.id)
        + case when p_budget.id = any (t.budget_ids) then 0 else s.above end
      when p_budget.id = any (t.budget_ids) then 0 else s.amount end), 0) into v_spent
  from (
    select p.* from core.ledger_tx p where p.purse_id = any (v_accounts) and p.id > v_low
    union all
    select d.* from core.ledger_tx d where d.account_id = any (v_accounts) and d.account_id <> d.purse_id and d.purse_id <> all (v_accounts)
      and d.id > v_low) t
  left join core.ledger_hold h on h.id = t.hold and h.project = t.project
  cross join lateral (
    select 1 as sign, t.amount::bigint as amount, coalesce(t.above, 0)::bigint as above, coalesce(t.captured_from, 0)::bigint as start
    union all
    select -1, g.amount::bigint, coalesce(g.above, 0)::bigint, coalesce(g.captured_from, 0)::bigint
    from core.ledger_tx g where g.op = 'refund' and g.related_id = t.id) s
  where t.op in ('charge', 'capture', 'settle', 'lease_report') and t.created_at >= p_since;
  with uncounted as (
    select h.id, h.project, greatest(h.captured::bigint, (
      select max(coalesce(k.part_to, h.amount)) from unnest(h.budget_ids, h.part_to) as k (id, part_to) where k.id = p_budget.id)) as part_from
    from core.ledger_hold h
    where h.root_id = (select a.root_id from core.ledger_account a where a.id = p_budget.account_id) and h.status = 'open'
      and h.account_id = any (v_accounts)
  ), grown as (
    update core.ledger_hold h set budget_ids = h.budget_ids || p_budget.id, window_starts = h.window_starts || p_start,
      part_from = coalesce(h.part_from, array_fill(0::bigint, array[cardinality(h.budget_ids)])) || u.part_from,
      part_to = coalesce(h.part_to, array_fill(h.amount::bigint, array[cardinality(h.budget_ids)])) || h.amount::bigint
    from uncounted u where u.id = h.id and u.project = h.project and u.part_from < h.amount
    returning h.amount - u.part_from as rest)
  select coalesce(sum(g.rest), 0) into v_held from grown g;
  update core.ledger_window w set spent = w.spent + v_spent, recounted = w.recounted + v_spent, held = w.held + v_held
  where w.budget_id = p_budget.id and w.period_start = p_start;
  return true;
end
$$;
comment on function core.ledger_recount is 'Counts what was charged since an instant and what is held in the window of a budget that was away.';

-- Sets a cap, or removes it with p_limit null. The present window keeps what it has counted, so a new limit binds at
-- once. Period and time zone are fixed for a budget's life: its windows are named by their starts. Removing forgets nothing: a
-- budget that is set again counts what was spent meanwhile, and with another period what was spent since its start. What the owner
-- set, a project may only make stricter. Replays on p_key. Locks: purse, window; set again, the purses below, too.
create function core.ledger_budget_set(
  p_scope text, p_key text, p_account text, p_name text, p_period text, p_limit bigint, p_tz text, p_carry_cap bigint, p_floor bigint,
  p_alert_bp int[], p_if_match text[], p_request jsonb default null
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_budget core.ledger_budget;
  v_before jsonb;
  v_open record;
  v_windows core.ledger_window_set;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
  v_tx bigint;
  v_member text := core.claims() ->> 'project';
  v_removed core.ledger_budget;
  v_below bigint[];
  v_purses bigint[];
  v_cap bigint;
  v_place int;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.require_reachable('name', p_name);
  if p_name is null or length(p_name) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_budget', 'name must be 1 to 100 characters', null, jsonb_build_object('field', 'name'));
  elsif p_period is null and p_limit is not null or p_period not in ('hour', 'day', 'week', 'month', 'total') then
    perform core.refuse('PT400', 'invalid_period', 'period must be hour, day, week, month or total', null, jsonb_build_object('field', 'period'));
  elsif not core.ledger_is_time_zone(p_tz) then
    perform core.refuse('PT400', 'invalid_time_zone', format('%s is not a time zone', coalesce(quote_literal(p_tz), 'null')),
      'Use an IANA name such as UTC or Europe/Berlin.', jsonb_build_object('field', 'tz'));
  elsif p_alert_bp is null or cardinality(p_alert_bp) > 10 or exists (select from unnest(p_alert_bp) t where t is null or t not between 1 and 100000) then
    perform core.refuse('PT400', 'invalid_alert', 'alert_bp must be at most 10 thresholds from 1 to 100000 basis points',
      '8000 means 80 % of the limit.', jsonb_build_object('field', 'alert_bp'));
  end if;
  if p_limit is not null then v_ok := core.ledger_require_amount('limit', p_limit, 0); end if;
  v_ok := core.ledger_require_amount('carry_cap', p_carry_cap, 0);
  if coalesce(p_limit, 0) + p_carry_cap > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount', 'limit and carry_cap together must be at most 9007199254740991', null,
      jsonb_build_object('field', 'carry_cap'));
  end if;
  v_ok := core.ledger_require_amount('floor', p_floor, 0);
  v_account := core.ledger_find_account(p_scope, p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_request := coalesce(p_request, jsonb_build_object('op', 'budget_set', 'account', p_account, 'name', p_name, 'period', p_period, 'limit', p_limit,
    'tz', p_tz, 'carry_cap', p_carry_cap, 'floor', p_floor, 'alert_bp', to_jsonb(p_alert_bp)));

  v_below := array[v_account.id];
  if exists (select from core.ledger_budget b where b.account_id = v_account.id and b.name = p_name and b.removed_at is not null) then
    v_below := core.ledger_below(v_account.id);
  end if;
  v_purses := array(select distinct a.purse_id from core.ledger_account a where a.id = any (v_below)) || v_account.id;
  v_lock := core.ledger_lock(null, v_purses, array[v_account.root_id], '{}', v_account.path, '{}', '{}');
  select * into v_purse from core.ledger_account where id = v_account.purse_id;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  select * into v_budget from core.ledger_budget
  where account_id = v_account.id and name = p_name and removed_at is null;
  select * into v_removed from core.ledger_budget
  where account_id = v_account.id and name = p_name and removed_at is not null order by removed_at desc, id desc limit 1;
  if v_member is not null and v_budget.set_by = 'owner' and (p_limit is null or p_limit > v_budget.limit_amount
      or p_carry_cap > v_budget.carry_cap or p_floor > v_budget.floor_amount or not p_alert_bp @> v_budget.alert_bp
      or p_period <> v_budget.period or p_tz <> v_budget.time_zone) then
    v_ok := core.ledger_refuse_budget(p_name);
  elsif v_budget.id is null and p_limit is not null
      and (select count(*) from core.ledger_budget b where b.account_id = v_account.id and b.removed_at is null) >= 20 then
    perform core.refuse('PT409', 'too_many_budgets', format('the account %s has 20 budgets already', p_account),
      'Remove one that is no longer needed.', jsonb_build_object('field', 'name', 'limit', 20));
  end if;
  if v_budget.id is not null and p_limit is not null and (v_budget.period <> p_period or v_budget.time_zone <> p_tz) then
    perform core.refuse('PT409', 'budget_period_fixed',
      format('the budget %s counts per %s in %s, and that cannot change', p_name, v_budget.period, v_budget.time_zone),
      'Remove it and set it again, or set a second budget beside it.', jsonb_build_object('field', 'period'));
  end if;

  v_ok := core.require_match(p_if_match, core.ledger_budget_etag(v_budget));
  v_before := core.ledger_budget_view(v_budget);
  v_tx := nextval('core.journal_id');
  if v_budget.id is not null and p_limit is null then
    -- Its terms stay: what is under way is still charged in its windows, and crosses the thresholds that were set.
    update core.ledger_budget set removed_at = v_lock.at where id = v_budget.id returning * into v_budget;
  elsif v_budget.id is not null then
    v_cap := v_budget.limit_amount;
    update core.ledger_budget set limit_amount = p_limit, carry_cap = p_carry_cap, floor_amount = p_floor, alert_bp = p_alert_bp,
      set_by = case when v_member is null then 'owner' else set_by end
    where id = v_budget.id returning * into v_budget;
  elsif p_limit is not null and v_removed.period = p_period and v_removed.time_zone = p_tz then
    -- The same one again, with its windows; those that ended meanwhile keep the limit they had.
    update core.ledger_window set limit_amount = v_removed.limit_amount
    where budget_id = v_removed.id and period_end <= v_lock.at and limit_amount is null;
    update core.ledger_budget set limit_amount = p_limit, carry_cap = p_carry_cap, floor_amount = p_floor, alert_bp = p_alert_bp,
      set_by = case when v_member is null then 'owner' else 'project' end, removed_at = null, created_at = v_lock.at
    where id = v_removed.id returning * into v_budget;
  elsif p_limit is not null then
    insert into core.ledger_budget (account_id, name, period, time_zone, limit_amount, carry_cap, floor_amount, alert_bp, created_at, set_by)
    values (v_account.id, p_name, p_period, p_tz, p_limit, p_carry_cap, p_floor, p_alert_bp, v_lock.at,
      case when v_member is null then 'owner' else 'project' end) returning * into v_budget;
  end if;
  v_open := core.ledger_open_windows(v_account.path, v_lock.at);
  v_place := array_position(v_open.budget_ids, v_budget.id);
  if v_removed.id is not null and v_before is null and v_place is not null then
    v_ok := core.ledger_recount(v_budget, v_open.window_starts[v_place],
      greatest(v_open.window_starts[v_place], case when v_removed.id = v_budget.id then v_removed.removed_at end));
  end if;
  v_windows := core.ledger_read_windows(v_open.budget_ids, v_open.window_starts);
  if v_place is not null then
    -- Thresholds that are new, or that the new limit puts below what is spent.
    perform core.ledger_raise_alerts(v_tx, v_budget.id, v_open.window_starts[v_place], v_windows.caps[v_place],
      case when v_cap is not null then v_windows.spent[v_place] end, v_windows.spent[v_place], v_lock.at,
      v_windows.caps[v_place] - p_limit + v_cap, array(select jsonb_array_elements_text(v_before -> 'alert_bp')::int));
  end if;
  update core.ledger_account set version = version + 1 where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(v_windows))
    || jsonb_build_object('account', p_account, 'budget', p_name, 'limit', p_limit,
      'etag', case when p_limit is not null then core.ledger_budget_etag(v_budget) end);
  perform core.ledger_journal(v_tx, p_key, 'budget_set', v_account, v_purse, null, 0, '{}', v_request, v_answer, v_lock.at);
  perform core.audit(case when p_limit is null then 'budget.remove' else 'budget.set' end, format('budget:%s:%s', p_account, p_name),
    v_account.project, v_before, case when p_limit is not null then core.ledger_budget_view(v_budget) end, v_tx);
  return v_answer;
end
$$;
comment on function core.ledger_budget_set is 'core_api.ledger_budget_set for who has the scope; p_request: what the journal keeps of the call, where it was another one.';

create function core_api.ledger_budget_set(
  p_key text, p_account text, p_name text, p_period text, p_limit bigint, p_tz text default 'UTC',
  p_carry_cap bigint default 0, p_floor bigint default 0, p_alert_bp int[] default '{8000,10000}',
  p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
begin
  return core.ledger_budget_set('ledger:budget', p_key, p_account, p_name, p_period, p_limit, p_tz, p_carry_cap, p_floor, p_alert_bp,
    p_if_match);
end
$$;
comment on function core_api.ledger_budget_set is 'Sets a cap per period on an account; p_limit null and p_period null remove it. Replays on p_key.';
revoke execute on function core_api.ledger_budget_set from public;
grant execute on function core_api.ledger_budget_set to core_member, service_role;

-- Alerts in the order of their transactions, after the id of one of them. Only final ones: ids are given out before the
-- commit, so that a reader by id alone would miss an alert that commits late. A member sees those of its own accounts.
create function core_api.ledger_alerts(p_after bigint default 0, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_member text := core.claims() ->> 'project';
  v_final xid8 := core.final_xid();
  v_xid xid8;
  v_rows jsonb;
begin
  v_ok := core.authorize('ledger:read', v_member);
  v_ok := core.require_page(p_limit);
  select l.xid into v_xid from core.ledger_alert l where l.id <= p_after order by l.id desc limit 1;
  select coalesce(jsonb_agg(r.row order by r.xid, r.id), '[]') into v_rows from (
    select l.xid, l.id, jsonb_build_object('id', l.id, 'kind', l.kind, 'account', a.code, 'budget', b.name, 'period', b.period,
      'period_start', case when isfinite(l.period_start) then l.period_start end, 'limit', l.limit_amount,
      'threshold_bp', l.threshold_bp, 'spent', l.spent, 'hold', l.hold, 'uncollected', l.uncollected, 'tx', l.tx_id, 'at', l.created_at) as row
    from core.ledger_alert l
    left join core.ledger_budget b on b.id = l.budget_id
    join core.ledger_account a on a.id = coalesce(b.account_id, l.account_id)
    where (l.xid, l.id) > (coalesce(v_xid, '0'), coalesce(p_after, 0)) and l.xid < v_final and (v_member is null or l.project = v_member)
    order by l.xid, l.id limit p_limit) r;
  return jsonb_build_object('ok', true, 'alerts', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 -> 'id' end);
end
$$;
comment on function core_api.ledger_alerts is 'Alerts after the id of one of them, in an order that a late commit does not change.';
revoke execute on function core_api.ledger_alerts from public;
grant execute on function core_api.ledger_alerts to core_member, service_role;
