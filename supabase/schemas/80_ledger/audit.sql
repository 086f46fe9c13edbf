-- The audit: every invariant of the ledger, recomputed from its rows. Of everything: for tests, after incidents and once a
-- night. Of an account: what it and those below it have, found by index.

-- The journal rows of accounts, whatever purse they draw on.
create function core.ledger_audited(p_ids bigint[]) returns setof core.ledger_tx
language sql stable set search_path = pg_catalog, pg_temp as $$
  select p.* from core.ledger_tx p where p.purse_id = any (p_ids)
  union all
  select d.* from core.ledger_tx d where d.account_id = any (p_ids) and d.account_id <> d.purse_id and d.purse_id <> all (p_ids)
$$;
comment on function core.ledger_audited is 'The journal rows of accounts and of what draws on them.';

-- p_all: the accounts are all there are; then rows that belong to none are found, too.
create function core.ledger_violations(p_ids bigint[], p_all boolean) returns table (check_name text, subject text, found jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_txs bigint[];
  v_holds core.ledger_hold_key[];
  v_moved bigint[];
begin
  if not p_all then
    select array_agg(e.tx_id) into v_moved from core.ledger_entry e where e.account_id = any (p_ids) and e.version is not null;
    select array_agg(t.id), array_agg(distinct row(t.hold, t.project)::core.ledger_hold_key) filter (where t.hold is not null)
    into v_txs, v_holds from core.ledger_audited(p_ids) t;
  end if;
  return query
  with tx as not materialized (
    select t.* from core.ledger_tx t where p_all
    union all select t.* from core.ledger_tx t where t.id = any (v_txs)
  ), hold as not materialized (
    select h.* from core.ledger_hold h where p_all
    union all select h.* from unnest(v_holds) as k join core.ledger_hold h on h.id = k.id and h.project = k.project
  ), entry as not materialized (
    select e.* from core.ledger_entry e where p_all
    union all select e.* from core.ledger_entry e where e.tx_id = any (v_moved)
  )
  select 'entries of a transaction sum to zero', e.tx_id::text, jsonb_build_object('sum', sum(e.amount))
  from entry e group by e.tx_id having sum(e.amount) <> 0
  union all
  select 'totals are the sums of entries', a.code,
    jsonb_build_object('in', a.total_in, 'out', a.total_out, 'netted', a.netted, 'entries_in', coalesce(s.came, 0), 'entries_out', coalesce(s.went, 0))
  from core.ledger_account a
  left join (
    select e.account_id, sum(e.amount) filter (where e.amount > 0 and t.op is distinct from 'refund') as came,
      -sum(e.amount) filter (where e.amount < 0 or t.op = 'refund') as went
    from entry e left join tx t on t.id = e.tx_id where e.account_id = any (p_ids) and e.version is not null group by 1) s
    on s.account_id = a.id
  where a.id = any (p_ids) and a.kind not in ('issuer', 'sink', 'breakage')
    and (a.total_in + a.netted <> coalesce(s.came, 0) or a.total_out + a.netted <> coalesce(s.went, 0))
  union all
  select 'a window carries what the one before passed on', b.name || ' ' || w.period_start,
    jsonb_build_object('carried', w.carried, 'passed_on', l.passed_on)
  from core.ledger_budget b join core.ledger_window w on w.budget_id = b.id
  left join lateral (select p.passed_on from core.ledger_window p
    where p.budget_id = w.budget_id and p.period_start < w.period_start order by p.period_start desc limit 1) l on true
  where b.account_id = any (p_ids) and w.carried <> coalesce(l.passed_on, 0)
  union all
  select 'running balances are continuous', o.account_id::text,
    jsonb_build_object('tx', o.tx_id, 'balance_after', o.balance_after, 'expected', o.expected)
  from (select e.*, sum(e.amount) over (partition by e.account_id order by e.version, e.tx_id) as expected
    from entry e where e.account_id = any (p_ids) and e.version is not null) o
  where o.balance_after <> o.expected
  union all
  select 'held is the rest of the open holds', a.code, jsonb_build_object('held', a.held, 'open', coalesce(h.rest, 0))
  from core.ledger_account a
  left join (select purse_id, sum(amount - captured) as rest from hold where status = 'open' group by 1) h on h.purse_id = a.id
  where a.id = any (p_ids) and a.held <> coalesce(h.rest, 0)
  union all
  select 'an account without a purse has no balance', a.code, jsonb_build_object('in', a.total_in, 'out', a.total_out, 'held', a.held)
  from core.ledger_account a
  where a.id = any (p_ids) and a.purse_id <> a.id and (a.total_in <> 0 or a.total_out <> 0 or a.held <> 0 or a.overdraft <> 0)
  union all
  select 'debt stays within the limit that the owner set', a.code,
    jsonb_build_object('available', core.ledger_available(a), 'debt_limit', a.debt_limit)
  from core.ledger_account a
  where a.id = any (p_ids) and a.kind not in ('issuer', 'sink', 'breakage') and core.ledger_available(a) < -a.debt_limit
  union all
  select 'what was used is charged or uncollected', t.id::text,
    jsonb_build_object('used', t.request -> 'amount', 'charged', t.amount, 'uncollected', coalesce(t.uncollected, 0))
  from tx t
  where t.op = 'settle' and (t.request -> 'amount')::bigint <> t.amount + coalesce(t.uncollected, 0)
  union all
  select 'a hold has one end and its amounts add up', h.id::text,
    jsonb_build_object('status', h.status, 'amount', h.amount, 'captured', h.captured, 'released', h.released,
      'settles', t.settles, 'voids', t.voids, 'expiries', t.expiries, 'closes', t.closes)
  from hold h
  left join (
    select x.hold, x.project, count(*) filter (where x.op = 'settle') as settles, count(*) filter (where x.op = 'void') as voids,
      count(*) filter (where x.op = 'expire') as expiries, count(*) filter (where x.op = 'lease_close') as closes,
      sum(case when x.op in ('settle', 'capture', 'lease_report') then x.amount else 0 end) as charged, coalesce(sum(x.uncollected), 0) as uncollected
    from tx x where x.hold is not null group by 1, 2) t on t.hold = h.id and t.project = h.project
  where (h.captured <= h.amount and h.uncollected = t.uncollected and h.captured + h.above = t.charged and case h.status
    when 'open' then t.settles + t.voids + t.expiries + t.closes = 0 and h.released = 0
    when 'settled' then t.settles + t.closes = 1 and t.voids + t.expiries = 0 and h.released = h.amount - h.captured
    when 'voided' then t.voids = 1 and t.settles + t.expiries = 0 and h.captured = 0 and h.released = h.amount
    when 'expired' then t.expiries = 1 and t.settles + t.voids = 0 and h.released = h.amount - h.captured
    when 'settled_late' then t.expiries = 1 and t.settles = 1 and t.voids = 0 and h.released = h.amount - h.captured
  end) is not true
  union all
  select 'a window counts what is attributed to it', b.name || ' ' || w.period_start,
    jsonb_build_object('spent', w.spent, 'held', w.held, 'recounted', w.recounted, 'attributed_spent', coalesce(s.spent, 0), 'attributed_held', coalesce(s.held, 0))
  from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
  left join (
    select x.budget_id, x.period_start, sum(x.spent) as spent, sum(x.held) as held from (
      -- what is within a hold, in the windows of its parts
      select k.budget_id, k.period_start, greatest(0, least(k.part_to, h.captured) - coalesce(k.part_from, 0)) as spent,
        case h.status when 'open' then greatest(0, least(k.part_to, h.amount) - greatest(k.part_from, h.captured)) else 0 end as held
      from hold h, unnest(h.budget_ids, h.window_starts, h.part_from, h.part_to) as k (budget_id, period_start, part_from, part_to)
      union all
      select k.budget_id, k.period_start, -greatest(0, least(k.part_to, coalesce(t.captured_from, 0) + t.amount - coalesce(t.above, 0))
        - greatest(k.part_from, coalesce(t.captured_from, 0))), 0
      from tx t join hold h on h.id = t.hold and h.project = t.project,
        unnest(h.budget_ids, h.window_starts, h.part_from, h.part_to) as k (budget_id, period_start, part_from, part_to)
      where t.op = 'refund'
      union all
      -- charges, what is above a hold, and what is given back of them
      select k.budget_id, k.period_start, case t.op when 'charge' then t.amount else coalesce(t.above, 0) end, 0
      from tx t, unnest(t.budget_ids, t.window_starts) as k (budget_id, period_start) where t.op <> 'refund'
      union all
      select k.budget_id, k.period_start, -(case when t.hold is null then t.amount else coalesce(t.above, 0) end)::bigint, 0
      from tx t join tx c on c.id = t.related_id,
        unnest(c.budget_ids, c.window_starts) as k (budget_id, period_start) where t.op = 'refund'
    ) x group by 1, 2) s on s.budget_id = w.budget_id and s.period_start = w.period_start
  where b.account_id = any (p_ids) and (w.spent <> w.recounted + coalesce(s.spent, 0) or w.held <> coalesce(s.held, 0))
  union all
  select 'no transaction is refunded beyond its amount', t.id::text, jsonb_build_object('amount', t.amount, 'refunded', sum(r.amount))
  from tx r join tx t on t.id = r.related_id
  where r.op = 'refund' group by t.id, t.amount having sum(r.amount) > t.amount
  union all
  select 'a lease reports without a gap what its hold captures', l.id::text,
    jsonb_build_object('amount', l.amount, 'reported', l.reported, 'captured', h.captured, 'seq', l.seq, 'reports', r.count, 'flags', l.flags)
  from core.ledger_lease l
  left join hold h on h.id = l.id and h.project = l.project
  left join (
    select x.hold, x.project, count(*) as count, max((x.request ->> 'seq')::int) as last, sum(x.amount + coalesce(x.uncollected, 0)) as sum
    from tx x where x.op = 'lease_report' group by 1, 2) r on r.hold = l.id and r.project = l.project
  where l.account_id = any (p_ids) and (h.leased and h.captured + h.above + h.uncollected = l.reported and coalesce(r.sum, 0) = l.reported
    and coalesce(r.count, 0) = l.seq and coalesce(r.last, 0) = l.seq
    and (l.reported <= l.amount or 'overflow' = any (l.flags)) and (l.closed_at is null or h.status <> 'open')) is not true
  union all
  select 'moved cap sums to zero over siblings', b.name || ' ' || w.period_start, jsonb_build_object('parent', a.parent_id, 'sum', sum(w.moved))
  from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id join core.ledger_account a on a.id = b.account_id
  where a.parent_id = any (p_ids) group by a.parent_id, b.name, w.period_start having sum(w.moved) <> 0
  union all
  select 'what is uncollected of a hold has its alert', h.id::text, jsonb_build_object('uncollected', h.uncollected)
  from hold h
  where h.uncollected > 0 and not exists (select from core.ledger_alert l where l.hold = h.id and l.project = h.project)
  union all
  select 'an alert had its crossing', l.id::text, jsonb_build_object('spent', l.spent, 'limit', l.limit_amount, 'threshold_bp', l.threshold_bp)
  from core.ledger_alert l
  where (p_all or l.budget_id in (select b.id from core.ledger_budget b where b.account_id = any (p_ids))) and l.spent::numeric * 10000 < l.limit_amount::numeric * l.threshold_bp
  union all
  select 'what was issued is somewhere', 'issuer', jsonb_build_object('sum', sum(e.amount)) from entry e where p_all having sum(e.amount) <> 0;
end
$$;
comment on function core.ledger_violations is 'One row per broken invariant among the named accounts.';

-- p_account null audits everything (owner only); else the account and all below it.
create function core_api.ledger_audit(p_account text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = on as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_ids bigint[];
  v_violations jsonb;
  v_set text;
  v_txs bigint[];
begin
  if p_account is null then
    v_ok := core.authorize('ledger:operate', null);
    select array_agg(id) into v_ids from core.ledger_account;
  else
    v_account := core.ledger_find_account('ledger:read', p_account);
    if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
    v_ids := core.ledger_below(v_account.id);
    v_set := set_config('enable_seqscan', 'off', true);
    v_txs := array(select t.id from core.ledger_audited(v_ids) t);
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('check', v.check_name, 'subject', v.subject, 'found', v.found)), '[]') into v_violations
  from (select * from core.ledger_violations(v_ids, p_account is null) limit 100) v;
  return jsonb_build_object('ok', true, 'clean', v_violations = '[]', 'violations', v_violations,
    'accounts', cardinality(v_ids),
    'transactions', coalesce(cardinality(v_txs), (select count(*) from core.ledger_tx)),
    'issued', (select coalesce(-sum(e.amount), 0) from core.ledger_entry e where e.account_id = 1 and (v_txs is null or e.tx_id = any (v_txs))),
    'spent', (select coalesce(sum(e.amount), 0) from core.ledger_entry e where e.account_id = 2 and (v_txs is null or e.tx_id = any (v_txs))));
end
$$;
comment on function core_api.ledger_audit is 'Recomputes every invariant of the ledger; violations are listed, at most 100. An empty list is a clean ledger.';
revoke execute on function core_api.ledger_audit from public;
grant execute on function core_api.ledger_audit to core_member, service_role;
