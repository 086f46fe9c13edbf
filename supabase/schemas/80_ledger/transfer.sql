-- Money that moves without being spent: transfers between accounts, refunds of what was charged.

-- Moves credits between two purses: all, or with mode up_to as much as is available. Budgets cap spending and are not
-- touched. Replays on p_key (scope: the giving account's project). Locks: both purses.
create function core.ledger_transfer(
  p_batch core.ledger_batch_locks, p_key text, p_from text, p_to text, p_amount bigint, p_mode text
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_from core.ledger_account;
  v_to core.ledger_account;
  v_lock record;
  v_giver core.ledger_account;
  v_taker core.ledger_account;
  v_moved bigint;
  v_netted bigint;
  v_tx bigint;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.ledger_require_amount('amount', p_amount);
  if p_mode is null or p_mode not in ('exact', 'up_to') then
    perform core.refuse('PT400', 'invalid_mode', 'mode must be exact or up_to', null, jsonb_build_object('field', 'mode'));
  end if;
  v_from := core.ledger_find_account('ledger:spend', p_from);
  v_to := core.ledger_find_account('ledger:spend', p_to);
  if v_from.id is null then return core.ledger_denied('account_not_found', p_from); end if;
  if v_to.id is null then return core.ledger_denied('account_not_found', p_to); end if;
  -- A child may draw on another's purse; moving between two that share one would be a no-op posing as a transfer.
  if v_from.purse_id = v_to.purse_id then
    perform core.refuse('PT400', 'same_purse', format('%s and %s share one purse', p_from, p_to),
      'Transfer between accounts with credits of their own.', jsonb_build_object('field', 'to'));
  end if;
  if v_from.purse_id <> v_from.id and core.claims() ->> 'project' is not null then
    perform core.refuse('PT403', 'forbidden_account', format('%s draws on its parent''s purse, whose credits are not its own to move', p_from),
      'Ask the owner to transfer.');
  end if;
  v_request := jsonb_build_object('op', 'transfer', 'from', p_from, 'to', p_to, 'amount', p_amount, 'mode', p_mode);

  v_lock := core.ledger_lock_account(p_batch, v_from, null, false, v_to.purse_id, p_need => p_amount);
  v_giver := v_lock.purse;
  v_replay := core.ledger_replay(v_from.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  if core.ledger_is_frozen(v_from.path) then return core.ledger_denied('account_frozen', p_from, v_giver); end if;
  if core.ledger_is_frozen(v_to.path) then return core.ledger_denied('account_frozen', p_to); end if;
  v_moved := least(p_amount, core.ledger_available(v_giver));
  if v_moved < (case p_mode when 'exact' then p_amount else 1 end) then
    return core.ledger_denied('insufficient_credits', p_from, v_giver, '[]', jsonb_build_object('requested', p_amount));
  end if;

  select * into v_taker from core.ledger_account where id = v_to.purse_id;
  v_netted := core.ledger_netting(v_taker, v_moved);
  v_ok := core.ledger_require_bound('amount', v_taker.total_in + v_moved - v_netted, v_taker.overdraft, v_taker.debt_limit);
  update core.ledger_account set total_out = total_out + v_moved, version = version + 1 where id = v_giver.id returning * into v_giver;
  update core.ledger_account set total_in = total_in + v_moved - v_netted, total_out = total_out - v_netted,
    netted = netted + v_netted, version = version + 1 where id = v_to.purse_id returning * into v_taker;
  v_tx := nextval('core.journal_id');
  v_answer := core.ledger_accepted(v_tx, v_giver, '[]') || jsonb_build_object('from', p_from, 'to', p_to, 'moved', v_moved,
    'to_balance', core.ledger_accepted(v_tx, v_taker, '[]') - array['ok', 'tx', 'replayed', 'budgets']);
  perform core.ledger_journal(v_tx, p_key, 'transfer', v_from, v_giver, null, v_moved, '{}', v_request, v_answer, v_lock.at,
    p_related => v_taker.id);
  insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
  values (v_tx, v_giver.id, -v_moved, v_giver.total_in - v_giver.total_out, v_giver.version),
         (v_tx, v_taker.id, v_moved, v_taker.total_in - v_taker.total_out, v_taker.version);
  return v_answer;
end
$$;
comment on function core.ledger_transfer is 'core_api.ledger_transfer, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_transfer(p_key text, p_from text, p_to text, p_amount bigint, p_mode text default 'exact') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
begin
  return core.ledger_transfer(null, p_key, p_from, p_to, p_amount, p_mode);
end
$$;
comment on function core_api.ledger_transfer is 'Moves credits between two accounts: exactly, or up to what is available. Replays on p_key.';
revoke execute on function core_api.ledger_transfer from public;
grant execute on function core_api.ledger_transfer to core_member, service_role;

-- Gives back a charge, a capture or a settle, whole (p_amount null: what is left of it) or in part, to the purse it
-- came from and to the windows it counted in. Replays on p_key. Locks: purse, windows.
create function core.ledger_refund(
  p_batch core.ledger_batch_locks, p_key text, p_tx bigint, p_amount bigint
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_member text := core.claims() ->> 'project';
  v_charge core.ledger_tx;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_hold core.ledger_hold;
  v_from bigint;
  v_windows core.ledger_window_set;
  v_above bigint;
  v_left bigint;
  v_netted bigint;
  v_amount bigint;
  v_tx bigint;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  if p_amount is not null then v_ok := core.ledger_require_amount('amount', p_amount); end if;
  select * into v_charge from core.ledger_tx where id = p_tx and (v_member is null or project = v_member);
  v_ok := core.authorize('ledger:grant', coalesce(v_charge.project, v_member));
  if v_charge.id is null then
    perform core.refuse('PT404', 'tx_not_found', format('there is no transaction %s', coalesce(p_tx::text, 'null')),
      'Use the tx that charge, capture or settle returned.', jsonb_build_object('tx', p_tx));
  elsif v_charge.op not in ('charge', 'capture', 'settle', 'lease_report') then
    perform core.refuse('PT409', 'not_refundable', format('transaction %s is a %s, which charged nothing', p_tx, v_charge.op),
      'Refund a charge, a capture or a settle.', jsonb_build_object('tx', p_tx));
  end if;
  select * into v_account from core.ledger_account where id = v_charge.account_id;
  v_request := jsonb_build_object('op', 'refund', 'tx', p_tx, 'amount', p_amount);

  v_lock := core.ledger_lock_account(p_batch, v_account, v_charge.hold, false, null, coalesce(v_charge.budget_ids, '{}'),
    coalesce(v_charge.window_starts, '{}'), 0);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  if v_purse.status = 'closed' then
    perform core.refuse('PT409', 'account_closed', format('the account of transaction %s is closed', p_tx), 'Ask the owner to open it again.');
  end if;
  select v_charge.amount - coalesce(sum(amount), 0) into v_left from core.ledger_tx where op = 'refund' and related_id = p_tx;
  v_amount := coalesce(p_amount, v_left);
  if v_amount > v_left or v_left = 0 then
    perform core.refuse('PT409', 'over_refund', format('transaction %s has %s left to refund', p_tx, v_left),
      'Refund at most that.', jsonb_build_object('tx', p_tx, 'left', v_left));
  end if;

  v_tx := nextval('core.journal_id');
  -- What was netted since the charge comes back as far as the refund needs it.
  v_netted := greatest(0, v_amount - v_purse.total_out);
  v_ok := core.ledger_require_bound('amount', v_purse.total_in + v_netted, v_purse.overdraft, v_purse.debt_limit);
  update core.ledger_account set total_out = total_out + v_netted - v_amount, total_in = total_in + v_netted, netted = netted - v_netted,
    version = version + 1
  where id = v_purse.id returning * into v_purse;
  -- What was charged last goes back first: above the hold before what was within it.
  v_above := least(coalesce(v_charge.above, 0), v_charge.amount - v_left + v_amount) - least(coalesce(v_charge.above, 0), v_charge.amount - v_left);
  if v_charge.hold is null then
    v_windows := core.ledger_count(v_tx, core.ledger_read_windows(v_charge.budget_ids, v_charge.window_starts), 0, -v_amount, v_lock.at);
  else
    select * into v_hold from core.ledger_hold h where h.id = v_charge.hold and h.project = v_charge.project;
    -- Where the part that stays charged within the hold ends.
    v_from := coalesce(v_charge.captured_from, 0) + v_left - v_amount - (coalesce(v_charge.above, 0)
      - least(coalesce(v_charge.above, 0), v_charge.amount - v_left + v_amount));
    v_windows := core.ledger_count_hold(v_tx, core.ledger_read_hold(v_hold, v_charge.budget_ids, v_charge.window_starts), v_hold, v_from,
      0, v_above - v_amount, v_charge.budget_ids, v_charge.window_starts, -v_above, v_lock.at);
  end if;
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(v_windows))
    || jsonb_build_object('account', v_account.code, 'refunded', v_amount, 'refunds', p_tx, 'left', v_left - v_amount);
  perform core.ledger_journal(v_tx, p_key, 'refund', v_account, v_purse, v_charge.hold, v_amount, '{}', v_request, v_answer, v_lock.at,
    p_related => p_tx, p_above => v_above, p_captured_from => v_from);
  v_ok := core.ledger_post(v_tx, v_purse, v_amount, 2);
  return v_answer;
end
$$;
comment on function core.ledger_refund is 'core_api.ledger_refund, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_refund(p_key text, p_tx bigint, p_amount bigint default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
begin
  return core.ledger_refund(null, p_key, p_tx, p_amount);
end
$$;
comment on function core_api.ledger_refund is 'Gives back a charge, capture or settle, whole or in part. Replays on p_key.';
revoke execute on function core_api.ledger_refund from public;
grant execute on function core_api.ledger_refund to core_member, service_role;
