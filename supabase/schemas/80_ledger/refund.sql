-- Refunds by hold: the id of a hold is enough, its transactions need not be known.

create index ledger_tx_hold_idx on core.ledger_tx (hold, id) where op in ('capture', 'settle', 'lease_report');

-- Gives back what a hold was charged, captures and reports included, whole (p_amount null: what is left) or in part, the last
-- charge first; never what was uncollected. Writes a refund for each charge that it touches and one row for the whole. Replays
-- on p_key. Locks: purse, hold, windows of all its charges.
create function core_api.ledger_refund_hold(p_key text, p_hold uuid, p_amount bigint default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_member text := core.claims() ->> 'project';
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_charge record;
  v_txs bigint[];
  v_lefts bigint[];
  v_ids bigint[];
  v_starts timestamptz[];
  v_left numeric;
  v_rest bigint;
  v_part jsonb;
  v_parts jsonb := '[]';
  v_tx bigint;
  v_request jsonb := jsonb_build_object('op', 'refund_hold', 'hold', p_hold, 'amount', p_amount);
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  if p_amount is not null then v_ok := core.ledger_require_amount('amount', p_amount); end if;
  select * into v_hold from core.ledger_hold where id = p_hold and project = core.ledger_hold_project(p_hold);
  v_ok := core.authorize('ledger:grant', coalesce(v_hold.project, v_member));
  if v_hold.id is null then
    perform core.refuse('PT404', 'hold_not_found', format('there is no hold %s', coalesce(p_hold::text, 'null')),
      'Use the hold id that reserve returned.', jsonb_build_object('hold', p_hold));
  end if;
  select * into v_account from core.ledger_account where id = v_hold.account_id;
  -- The windows of its charges: all at once here, because one charge after the other would lock them out of order.
  select coalesce(array_agg(w.budget_id), '{}'), coalesce(array_agg(w.period_start), '{}') into v_ids, v_starts from (
    select distinct k.budget_id, k.period_start
    from core.ledger_tx t, unnest(t.budget_ids, t.window_starts) as k (budget_id, period_start)
    where t.hold = p_hold and t.project = v_hold.project and t.op in ('capture', 'settle', 'lease_report')) w;
  v_lock := core.ledger_lock_account(null, v_account, p_hold, false, null, v_ids, v_starts);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;

  select array_agg(c.id order by c.id desc), array_agg(c.rest order by c.id desc), coalesce(sum(c.rest), 0) into v_txs, v_lefts, v_left
  from (
    select t.id, t.amount - coalesce((select sum(r.amount) from core.ledger_tx r where r.op = 'refund' and r.related_id = t.id), 0) as rest
    from core.ledger_tx t where t.hold = p_hold and t.project = v_hold.project and t.op in ('capture', 'settle', 'lease_report')) c
  where c.rest > 0;
  if v_left = 0 or coalesce(p_amount, v_left) > v_left then
    perform core.refuse('PT409', 'over_refund', format('the hold %s has %s left to refund', p_hold, v_left), 'Refund at most that.',
      jsonb_build_object('hold', p_hold, 'left', v_left));
  elsif cardinality(v_txs) > 1000 then
    perform core.refuse('PT413', 'too_many_charges', format('the hold %s was charged %s times', p_hold, cardinality(v_txs)),
      'Refund its transactions one by one.', jsonb_build_object('hold', p_hold));
  end if;

  v_rest := coalesce(p_amount, v_left);
  for v_charge in select u.tx, u.rest from unnest(v_txs, v_lefts) with ordinality as u (tx, rest, nth) order by u.nth loop
    exit when v_rest = 0;
    v_part := core.ledger_refund(null, format('refund-hold:%s:%s', encode(sha256(convert_to(p_key, 'UTF8')), 'hex'), v_charge.tx),
      v_charge.tx, least(v_rest, v_charge.rest));
    v_rest := v_rest - (v_part -> 'refunded')::bigint;
    v_parts := v_parts || jsonb_build_object('tx', v_part -> 'tx', 'refunds', v_charge.tx, 'refunded', v_part -> 'refunded');
  end loop;
  v_tx := nextval('core.journal_id');
  update core.ledger_account set version = version + 1 where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse, v_part -> 'budgets') || jsonb_build_object('account', v_account.code, 'hold', p_hold,
    'refunded', coalesce(p_amount, v_left), 'left', v_left - coalesce(p_amount, v_left), 'refunds', v_parts);
  perform core.ledger_journal(v_tx, p_key, 'refund_hold', v_account, v_purse, p_hold, 0, '{}', v_request, v_answer, v_lock.at);
  return v_answer;
end
$$;
comment on function core_api.ledger_refund_hold is 'Gives back what a hold was charged, whole or in part, the last charge first. Replays on p_key.';
revoke execute on function core_api.ledger_refund_hold from public;
grant execute on function core_api.ledger_refund_hold to core_member, service_role;
