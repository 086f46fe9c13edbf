-- Budgets: set or remove a cap, read alerts.

-- A budget as it was set; its present window is another matter. Null for none.
create function core.ledger_budget_view(p_budget core.ledger_budget) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_budget.id is null then return null; end if;
  return jsonb_build_object('period', p_budget.period, 'tz', p_budget.time_zone, 'limit', p_budget.limit_amount,
    'carry_cap', p_budget.carry_cap, 'floor', p_budget.floor_amount, 'alert_bp', to_jsonb(p_budget.alert_bp));
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

-- Sets a cap, or removes it with p_limit null. The present window keeps what it has counted, so a new limit binds at
-- once. Period and time zone are fixed for a budget's life: its windows are named by their starts. Replays on p_key.
-- Locks: purse, window.
create function core_api.ledger_budget_set(
  p_key text, p_account text, p_name text, p_period text, p_limit bigint, p_tz text default 'UTC',
  p_carry_cap bigint default 0, p_floor bigint default 0, p_alert_bp int[] default '{8000,10000}',
  p_if_match text[] default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set enable_seqscan = off as $$
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
begin
  v_ok := core.ledger_require_key(p_key);
  if p_name is null or length(p_name) not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_budget', 'name must be 1 to 100 characters', null, jsonb_build_object('field', 'name'));
  elsif p_period is null or p_period not in ('hour', 'day', 'week', 'month', 'total') then
    perform core.refuse('PT400', 'invalid_period', 'period must be hour, day, week, month or total', null, jsonb_build_object('field', 'period'));
  elsif p_tz is null or not exists (select from pg_catalog.pg_timezone_names where name = p_tz) then
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
  v_account := core.ledger_find_account('ledger:budget', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_request := jsonb_build_object('op', 'budget_set', 'account', p_account, 'name', p_name, 'period', p_period, 'limit', p_limit,
    'tz', p_tz, 'carry_cap', p_carry_cap, 'floor', p_floor, 'alert_bp', to_jsonb(p_alert_bp));

  v_lock := core.ledger_lock_account(null, v_account, null, true, v_account.id);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  select * into v_budget from core.ledger_budget
  where account_id = v_account.id and name = p_name and removed_at is null;
  if v_budget.id is not null and p_limit is not null and (v_budget.period <> p_period or v_budget.time_zone <> p_tz) then
    perform core.refuse('PT409', 'budget_period_fixed',
      format('the budget %s counts per %s in %s, and that cannot change', p_name, v_budget.period, v_budget.time_zone),
      'Remove it (limit null) and set it again, or set a second budget beside it.', jsonb_build_object('field', 'period'));
  end if;

  v_ok := core.require_match(p_if_match, core.ledger_budget_etag(v_budget));
  v_before := core.ledger_budget_view(v_budget);
  v_tx := nextval('core.journal_id');
  if v_budget.id is not null and p_limit is null then
    -- Its terms stay: what is under way is still charged in its windows, and crosses the thresholds that were set.
    update core.ledger_budget set removed_at = v_lock.at where id = v_budget.id returning * into v_budget;
  elsif v_budget.id is not null then
    update core.ledger_budget set limit_amount = p_limit, carry_cap = p_carry_cap, floor_amount = p_floor, alert_bp = p_alert_bp
    where id = v_budget.id returning * into v_budget;
  elsif p_limit is not null then
    insert into core.ledger_budget (account_id, name, period, time_zone, limit_amount, carry_cap, floor_amount, alert_bp, created_at)
    values (v_account.id, p_name, p_period, p_tz, p_limit, p_carry_cap, p_floor, p_alert_bp, v_lock.at) returning * into v_budget;
  end if;
  v_open := core.ledger_open_windows(v_account.path, v_lock.at);
  v_windows := core.ledger_read_windows(v_open.budget_ids, v_open.window_starts);
  for i in 1 .. coalesce(cardinality(v_windows.caps), 0) loop
    perform core.ledger_raise_alerts(v_tx, v_windows.budget_ids[i], v_windows.window_starts[i], v_windows.caps[i],
      null, v_windows.spent[i], v_lock.at);
  end loop;
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
comment on function core_api.ledger_budget_set is 'Sets a cap per period on an account, or removes it with p_limit null. Replays on p_key.';
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
    select l.xid, l.id, jsonb_build_object('id', l.id, 'account', a.code, 'budget', b.name, 'period', b.period,
      'period_start', case when isfinite(l.period_start) then l.period_start end, 'limit', l.limit_amount,
      'threshold_bp', l.threshold_bp, 'spent', l.spent, 'tx', l.tx_id, 'at', l.created_at) as row
    from core.ledger_alert l
    join core.ledger_budget b on b.id = l.budget_id
    join core.ledger_account a on a.id = b.account_id
    where (l.xid, l.id) > (coalesce(v_xid, '0'), coalesce(p_after, 0)) and l.xid < v_final and (v_member is null or l.project = v_member)
    order by l.xid, l.id limit p_limit) r;
  return jsonb_build_object('ok', true, 'alerts', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 -> 'id' end);
end
$$;
comment on function core_api.ledger_alerts is 'Alerts after the id of one of them, in an order that a late commit does not change.';
revoke execute on function core_api.ledger_alerts from public;
grant execute on function core_api.ledger_alerts to core_member, service_role;
