import fc from 'fast-check'
import { HOUR_MS } from './calendar.ts'
import type { Operation } from './model-state.ts'
import { type Plan, planArbitrary } from './plan.ts'

/** Short lives that random calls rarely make whole: each in order, call by call, on the last hold or charge. */
type Call = Omit<Operation, 'key'>

const account = fc.constantFrom('alpha', 'beta', 'solo')
const some = fc.integer({ min: 2, max: 40 })
const look: Plan = { do: 'look' }
const wait = (ms: number): Plan => ({ do: 'wait', ms })
/** `pick` 8 is the last hold, and the last charge rather than another transaction. */
const call = (operation: Call): Plan => ({ do: 'call', operation, pick: 8 })
const inOrder = (...plans: Plan[]): Plan => ({ do: 'several', plans })

/** A charge is given back once its budget has been away, and is back with the same period or another one. */
const refundAfterReturn = fc
  .record({
    code: account,
    amount: some,
    first: fc.constantFrom('day', 'hour', 'total'),
    second: fc.constantFrom('day', 'hour', 'total'),
    away: fc.constantFrom(0, 61_000, HOUR_MS),
    held: fc.boolean(),
  })
  .map(({ code, amount, first, second, away, held }) => {
    const set = (period: string, limit: number | null) =>
      call({ op: 'budget_set', account: code, name: 'mine', period, limit, alert_bp: [5_000] })
    const charges = held
      ? [call({ op: 'reserve', account: code, amount }), call({ op: 'settle', hold: '?', amount: amount + 1 })]
      : [call({ op: 'charge', account: code, amount })]
    const refund = (part: number | null) => call({ op: 'refund', tx: 0, amount: part })
    return inOrder(
      set(first, 800),
      ...charges,
      set(first, null),
      wait(away),
      set(second, 700),
      refund(1),
      refund(null),
      look,
    )
  })

/** A purse is drained, and a settle above its hold takes it into debt as far as its owner lets it; the rest is uncollected. */
const intoDebt = fc
  .record({
    code: fc.constantFrom('alpha', 'solo'),
    amount: some,
    above: fc.integer({ min: 1, max: 60 }),
    late: fc.boolean(),
  })
  .map(({ code, amount, above, late }) => {
    const purse = code === 'alpha' ? 'pool' : code
    return inOrder(
      call({ op: 'grant', account: purse, amount: 100 }),
      call({ op: 'account_update', account: purse, debt_limit: 70, over_bp: 20_000 }),
      call({ op: 'reserve', account: code, amount, over: 'overflow', ttl_s: late ? 1 : 60 }),
      call({ op: 'transfer', from: purse, to: 'beta', amount: 100_000, mode: 'up_to' }),
      wait(late ? 1_000 : 0),
      call({ op: 'settle', hold: '?', amount: amount + above }),
      look,
    )
  })

/** A hold is extended after the turn of a budget, which may roll over, and settled after another. */
const acrossTurns = (rollsOver: boolean) =>
  fc
    .record({
      code: account,
      amount: some,
      add: some,
      carry: fc.integer({ min: 1, max: 200 }),
      used: fc.integer({ min: 0, max: 120 }),
    })
    .map(({ code, amount, add, carry, used }) =>
      inOrder(
        call({
          op: 'budget_set',
          account: code,
          name: 'hourly',
          period: 'hour',
          limit: 200,
          ...(rollsOver ? { carry_cap: carry } : {}),
        }),
        call({ op: 'reserve', account: code, amount, ttl_s: 86_400 }),
        wait(HOUR_MS),
        call({ op: 'extend', hold: '?', add, ttl_s: 86_400 }),
        wait(HOUR_MS),
        call({ op: 'settle', hold: '?', amount: used }),
        look,
      ),
    )

/** An account is closed, refuses, and is opened again; while it holds something it cannot be closed. */
const closedAndOpened = some.map((amount) => {
  const set = (status: string) => call({ op: 'account_update', account: 'alpha/kid', status })
  return inOrder(
    call({ op: 'transfer', from: 'alpha/kid', to: 'solo', amount: 100_000, mode: 'up_to' }),
    set('closed'),
    call({ op: 'reserve', account: 'alpha/kid', amount }),
    call({ op: 'grant', account: 'alpha/kid', amount }),
    call({ op: 'lease_open', account: 'alpha/kid', amount, ttl_s: 60, device: 'here' }),
    set('frozen'),
    set('active'),
    call({ op: 'grant', account: 'alpha/kid', amount }),
    call({ op: 'reserve', account: 'alpha/kid', amount: 1 }),
    set('closed'),
    look,
  )
})

/** A lease is reported in time, beyond its amount, and after its rest has gone back. */
const leased = fc.record({ code: account, amount: some, late: fc.boolean() }).map(({ code, amount, late }) => {
  const report = (spent: number) =>
    call({ op: 'lease_report', lease: '?', seq: 0, items: [{ amount: spent, at: '2026-06-15T10:00:00Z' }] })
  return inOrder(
    call({ op: 'grant', account: code, amount: 300 }),
    call({ op: 'lease_open', account: code, amount, ttl_s: 60, device: 'here' }),
    report(1),
    wait(late ? 25 * HOUR_MS : 0),
    report(amount + 5),
    call({ op: 'lease_close', lease: '?' }),
    look,
  )
})

/** Random calls, and among them such lives; `carry` as in `planArbitrary`. */
export function anyPlan(carry: boolean): fc.Arbitrary<Plan> {
  const lives = [refundAfterReturn, intoDebt, closedAndOpened, leased, acrossTurns(carry)]
  return fc.oneof(
    { weight: 30, arbitrary: planArbitrary(carry) },
    ...lives.map((arbitrary) => ({ weight: 1, arbitrary })),
  )
}

/** What of each such case a ledger has seen, by its own rows. */
export const countCases = `
select
  (select count(*) from core.ledger_tx where available < 0) as "in debt",
  (select count(*) from core.ledger_tx where uncollected > 0) as "uncollected",
  (select count(*) from core.ledger_tx where op = 'settle' and 'late' = any (flags)) as "settled late",
  (select count(*) from core.ledger_window where carried > 0) as "rolled over",
  (select count(*) from core.ledger_hold h where cardinality(h.budget_ids) > (select count(distinct b) from unnest(h.budget_ids) b))
    as "extended across a turn",
  (select count(*) from core.ledger_hold h where cardinality(h.budget_ids) > (select count(distinct b) from unnest(h.budget_ids) b)
    and exists (select from core.ledger_window w, unnest(h.budget_ids, h.window_starts) as k (id, start)
      where w.budget_id = k.id and w.period_start = k.start and w.carried > 0)) as "extended into what rolled over",
  (select count(*) from core.ledger_tx where op = 'account_update' and request ->> 'status' = 'closed') as "closed",
  (select count(*) from core.ledger_tx t where op = 'account_update' and request ->> 'status' = 'active'
    and exists (select from core.ledger_tx c where c.op = t.op and c.account_id = t.account_id and c.id < t.id and c.request ->> 'status' = 'closed'))
    as "opened again",
  (select count(*) from core.ledger_tx where op = 'lease_report') as "lease reports",
  (select count(*) from core.ledger_tx where op = 'lease_report' and 'late' = any (flags)) as "late lease reports",
  (select count(*) from core.ledger_tx where op = 'lease_report' and 'overflow' = any (flags)) as "lease reports beyond the amount",
  (select count(*) from core.ledger_tx r join core.ledger_tx c on c.id = r.related_id where r.op = 'refund' and exists (
    select from core.ledger_tx removed join core.ledger_tx again on again.account_id = removed.account_id and again.op = 'budget_set'
      and again.request ->> 'name' = removed.request ->> 'name' and again.request ->> 'limit' is not null
    where removed.op = 'budget_set' and removed.request ->> 'limit' is null and removed.account_id = c.account_id
      and c.id < removed.id and removed.id < again.id and again.id < r.id)) as "refunded after a budget was back"`
