-- The row writes of one reserve, settle and charge and nothing else: no look-up, no check, no lock taken early, no
-- answer composed. Everything is an argument; the journal row has the same request and windows as the ledger's.

create function core_api.bench_bare_reserve(
  p_key text, p_hold uuid, p_account bigint, p_purse bigint, p_root bigint, p_project text, p_amount bigint,
  p_budgets bigint[], p_windows timestamptz[], p_counts bigint[], p_request jsonb, p_result jsonb
) returns jsonb
language plpgsql as $$
declare
  v_purse bench.ledger_account;
  v_now timestamptz := clock_timestamp();
begin
  insert into bench.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, over_bp, budget_ids, window_starts, metadata,
    opened_at, expires_at)
  values (p_hold, p_account, p_purse, p_root, p_project, p_amount, 'cap', 10000, p_budgets, p_windows, '{}', v_now,
    v_now + interval '1 day');
  update bench.ledger_account set held = held + p_amount, version = version + 1 where id = p_purse returning * into v_purse;
  update bench.ledger_window w set held = w.held + p_amount
  from unnest(p_budgets, p_windows) as k (budget_id, period_start)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  insert into bench.ledger_tx (id, project, key, op, account_id, purse_id, version, hold, amount, settled, held, available, windows,
    request, actor, created_at)
  values (nextval('bench.ledger_tx_id'), p_project, p_key, 'reserve', p_account, p_purse, v_purse.version, p_hold, p_amount,
    v_purse.total_in, v_purse.held, v_purse.total_in, p_counts, p_request, session_user, v_now);
  return p_result;
end
$$;

create function core_api.bench_bare_settle(
  p_key text, p_hold uuid, p_account bigint, p_purse bigint, p_project text, p_held bigint, p_amount bigint,
  p_budgets bigint[], p_windows timestamptz[], p_counts bigint[], p_request jsonb, p_result jsonb
) returns jsonb
language plpgsql as $$
declare
  v_purse bench.ledger_account;
  v_now timestamptz := clock_timestamp();
  v_tx bigint := nextval('bench.ledger_tx_id');
begin
  update bench.ledger_account set held = held - p_held, total_out = total_out + p_amount, version = version + 1
  where id = p_purse returning * into v_purse;
  update bench.ledger_window w set held = w.held - p_held, spent = w.spent + p_amount
  from unnest(p_budgets, p_windows) as k (budget_id, period_start)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  update bench.ledger_hold set captured = p_amount, released = p_held - p_amount, status = 'settled', closed_at = v_now
  where id = p_hold;
  insert into bench.ledger_tx (id, project, key, op, account_id, purse_id, version, hold, amount, settled, held, available, windows,
    request, actor, created_at)
  values (v_tx, p_project, p_key, 'settle', p_account, p_purse, v_purse.version, p_hold, p_amount, v_purse.total_in, v_purse.held,
    v_purse.total_in, p_counts, p_request, session_user, v_now);
  insert into bench.ledger_entry (tx_id, account_id, amount, balance_after, version)
  values (v_tx, p_purse, -p_amount, v_purse.total_in - v_purse.total_out, v_purse.version), (v_tx, 2, p_amount, null, null);
  return p_result;
end
$$;

create function core_api.bench_bare_charge(
  p_key text, p_account bigint, p_purse bigint, p_project text, p_amount bigint,
  p_budgets bigint[], p_windows timestamptz[], p_counts bigint[], p_request jsonb, p_result jsonb
) returns jsonb
language plpgsql as $$
declare
  v_purse bench.ledger_account;
  v_now timestamptz := clock_timestamp();
  v_tx bigint := nextval('bench.ledger_tx_id');
begin
  update bench.ledger_account set total_out = total_out + p_amount, version = version + 1
  where id = p_purse returning * into v_purse;
  update bench.ledger_window w set spent = w.spent + p_amount
  from unnest(p_budgets, p_windows) as k (budget_id, period_start)
  where w.budget_id = k.budget_id and w.period_start = k.period_start;
  insert into bench.ledger_tx (id, project, key, op, account_id, purse_id, version, amount, budget_ids, window_starts, settled, held,
    available, windows, request, actor, created_at)
  values (v_tx, p_project, p_key, 'charge', p_account, p_purse, v_purse.version, p_amount, p_budgets, p_windows, v_purse.total_in,
    v_purse.held, v_purse.total_in, p_counts, p_request, session_user, v_now);
  insert into bench.ledger_entry (tx_id, account_id, amount, balance_after, version)
  values (v_tx, p_purse, -p_amount, v_purse.total_in - v_purse.total_out, v_purse.version), (v_tx, 2, p_amount, null, null);
  return p_result;
end
$$;

-- What the ledger asked and answered last: the contents of the journal rows the functions above write.
create function core_api.bench_journal(p_op text) returns jsonb language sql as $$
  select jsonb_build_object('request', t.request, 'counts', t.windows, 'result', core.ledger_result(t)) from core.ledger_tx t where op = p_op order by id desc limit 1
$$;
