-- What rebalancing has to do: asked by the background of every control plane, which then rebalances pair by pair.

-- Pools are few among many accounts. No column of it ever changes, so updates of counters stay heap-only.
create index ledger_account_pool_idx on core.ledger_account (id) where kind = 'pool';

-- The budgets below active pools where a child has used p_at_bp of its cap or more (basis points; spent and held) while
-- a sibling has cap to give: more rest than that child, and above its floor. Where nothing would move nothing is due, so
-- that an idle system writes no journal. at is the database's time, by which control planes name the interval they act in.
create function core_api.ledger_rebalance_due(p_at_bp int default 8000, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_now timestamptz := clock_timestamp();
  v_due jsonb;
begin
  v_ok := core.authorize('ledger:operate', null);
  v_ok := core.require_page(p_limit);
  if p_at_bp is null or p_at_bp not between 1 and 10000 then
    perform core.refuse('PT400', 'invalid_threshold', 'at_bp must be 1 to 10000 basis points', '8000 is 80 % of the cap.',
      jsonb_build_object('field', 'at_bp'));
  end if;
  with child as (
    select p.id as parent_id, p.code as parent, b.name as budget, b.period, b.time_zone, b.floor_amount::bigint as floor,
      b.limit_amount + coalesce(w.carried, 0) + coalesce(w.moved, 0) as cap, coalesce(w.spent, 0)::bigint + coalesce(w.held, 0) as used
    from core.ledger_account p
    join core.ledger_account c on c.parent_id = p.id and c.status <> 'closed'
    join core.ledger_budget b on b.account_id = c.id and b.removed_at is null
    left join core.ledger_window w on w.budget_id = b.id
      and w.period_start = (core.ledger_period(b.period, b.time_zone, v_now)).period_start
    where p.kind = 'pool' and p.status = 'active'
  ), pair as (
    select parent, budget from child group by parent_id, parent, budget
    having count(*) > 1 and count(distinct (period, time_zone)) = 1
      and sum(greatest(floor, used)) <= sum(cap)
      and max(cap - used) filter (where cap > floor)
        > 1 + min(cap - used) filter (where used > 0 and used::numeric * 10000 >= cap::numeric * p_at_bp)
    order by parent, budget limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object('parent', parent, 'budget', budget) order by parent, budget), '[]') into v_due from pair;
  return jsonb_build_object('ok', true, 'at', v_now, 'due', v_due);
end
$$;
comment on function core_api.ledger_rebalance_due is 'Budgets below pools where one child is short of cap and a sibling has some to give.';
revoke execute on function core_api.ledger_rebalance_due from public;
grant execute on function core_api.ledger_rebalance_due to service_role;
