import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { DAY_MS, HOUR_MS } from './calendar.ts'
import type { Model } from './model.ts'
import type { Operation } from './model-state.ts'

/** A step of a random run, before it is known which holds and transactions there will be. */
export type Plan =
  | { do: 'call'; operation: Omit<Operation, 'key'>; pick: number }
  | { do: 'batch'; calls: { operation: Omit<Operation, 'key'>; pick: number }[]; atomic: boolean }
  | { do: 'again'; pick: number; other: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'sweep' }
  | { do: 'look' }
  | { do: 'several'; plans: Plan[] }

/** Codes without the prefix of the run. `ghost` is never opened. */
const codes = ['pool', 'alpha', 'alpha/kid', 'beta', 'solo', 'beta/new', 'ghost'] as const
export const zones = ['UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Asia/Kolkata'] as const

const account = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('alpha', 'alpha/kid', 'beta', 'solo') },
  fc.constantFrom(...codes),
)
const amount = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 700 }))
const ttl = fc.constantFrom(1, 60, 120, 86_400)
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })

/** The operations that a batch may hold, by how often they come. */
const batchable: fc.WeightedArbitrary<Omit<Operation, 'key'>>[] = [
  {
    weight: 8,
    arbitrary: call('reserve', {
      account,
      amount,
      min: fc.constant(undefined),
      ttl_s: maybe(ttl),
      over: maybe(fc.constantFrom('overflow', 'cap', 'reject')),
      hold: maybe(fc.constantFrom('fresh', 'fresh', 'fresh', '?')),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('reserve'),
      account,
      amount: fc.integer({ min: 50, max: 900 }),
      min: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 6,
    arbitrary: call('settle', { hold: fc.constant('?'), amount: fc.oneof(fc.constant(null), fc.constant(0), amount) }),
  },
  { weight: 2, arbitrary: call('void', { hold: fc.constant('?') }) },
  { weight: 4, arbitrary: call('charge', { account, amount }) },
  {
    weight: 3,
    arbitrary: call('extend', {
      hold: fc.constant('?'),
      add: fc.oneof(fc.constant(0), amount),
      min: maybe(fc.constant(0)),
      ttl_s: maybe(ttl),
    }),
  },
  { weight: 3, arbitrary: call('capture', { hold: fc.constant('?'), amount: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: call('grant', { account, amount }) },
  {
    weight: 2,
    arbitrary: call('transfer', { from: account, to: account, amount, mode: maybe(fc.constantFrom('exact', 'up_to')) }),
  },
  {
    weight: 2,
    arbitrary: call('refund', {
      tx: fc.constant(0),
      amount: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 40 })),
    }),
  },
]

const alone: fc.WeightedArbitrary<Omit<Operation, 'key'>>[] = [
  {
    weight: 1,
    arbitrary: call('account_open', {
      account: fc.constantFrom(...codes.slice(0, -1), 'alpha/kid/a', 'alpha/kid/a/b', 'ghost/x'),
      kind: fc.constant('user'),
      funding: fc.constantFrom('own', 'parent'),
      overdraft: fc.constantFrom(0, 0, 50),
      debt_limit: fc.constantFrom(0, 0, 40),
      over_bp: fc.constantFrom(undefined, 0, 2_500),
    }),
  },
  {
    weight: 2,
    arbitrary: call('account_update', {
      account,
      status: fc.constantFrom(null, 'active', 'active', 'active', 'frozen', 'closed'),
      overdraft: fc.constantFrom(null, null, 0, 30, 100),
      debt_limit: fc.constantFrom(undefined, undefined, 0, 60),
      over_bp: fc.constantFrom(undefined, undefined, 0, 5_000, 20_000),
    }),
  },
]

/** A number that says nothing of a lease yet: `toOperation` makes it the next number, an earlier one, or one too far. */
const lease = fc.constant('?')
const item = fc.record({ amount: fc.integer({ min: 1, max: 60 }), at: fc.constant('2026-06-15T10:00:00Z') })
const leasing: fc.WeightedArbitrary<Omit<Operation, 'key'>>[] = [
  {
    weight: 4,
    arbitrary: call('lease_open', {
      account,
      amount: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 80 }) }, amount),
      ttl_s: fc.constantFrom(60, 3_600, 604_800),
      device: fc.constantFrom('here', 'there'),
    }),
  },
  {
    weight: 6,
    arbitrary: call('lease_report', {
      lease,
      seq: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1),
      items: fc.array(item, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: call('lease_close', { lease }) },
]
const rebalance = call('rebalance', {
  parent: fc.oneof({ weight: 8, arbitrary: fc.constant('pool') }, fc.constantFrom('alpha', 'solo', 'ghost')),
  budget: fc.oneof({ weight: 5, arbitrary: fc.constant('cap') }, fc.constant('other')),
  dry_run: maybe(fc.boolean()),
})

/** carry: whether budgets roll over. A batch opens its windows before its first operation, single calls do not: then
 * they may see another rest of the day before, so a run has either roll-over or batches. */
export function planArbitrary(carry: boolean): fc.Arbitrary<Plan> {
  const budget = call('budget_set', {
    account,
    name: fc.constantFrom('cap', 'other'),
    period: fc.constantFrom('hour', 'day', 'week', 'month', 'total'),
    limit: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 900 })),
    tz: fc.constantFrom(...zones),
    floor: fc.constantFrom(undefined, 0, 40, 250),
    alert_bp: maybe(fc.uniqueArray(fc.integer({ min: 1, max: 12_000 }), { maxLength: 3 })),
    ...(carry ? { carry_cap: fc.integer({ min: 0, max: 300 }) } : {}),
  })
  const pick = fc.nat(1_000)
  // Like the first ones of the siblings, so that they may be balanced.
  const siblings = call('budget_set', {
    account: fc.constantFrom('alpha', 'beta', 'beta/new', 'alpha/kid'),
    name: fc.constant('cap'),
    period: fc.constant('day'),
    limit: fc.integer({ min: 0, max: 900 }),
    tz: fc.constant('Europe/Berlin'),
    floor: fc.constantFrom(undefined, 0, 40, 250),
  })
  const single = fc.oneof(
    ...batchable,
    ...alone,
    ...leasing,
    { weight: 3, arbitrary: budget },
    { weight: 2, arbitrary: siblings },
    { weight: 6, arbitrary: rebalance },
  )
  const calls = fc.array(fc.record({ operation: fc.oneof(...batchable), pick }), { maxLength: 7 })
  const batch: fc.Arbitrary<Plan> = fc.record({ do: fc.constant('batch'), calls, atomic: fc.boolean() })
  return fc.oneof(
    { weight: 20, arbitrary: fc.record({ do: fc.constant('call'), operation: single, pick }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('again'), pick, other: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('wait'),
        ms: fc.constantFrom(0, 1_000, 61_000, HOUR_MS, DAY_MS, 3 * DAY_MS),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('look') }) },
    ...(carry ? [] : [{ weight: 5, arbitrary: batch }]),
  )
}

function call(
  op: string,
  fields: Record<string, fc.Arbitrary<Operation[string]>>,
): fc.Arbitrary<Omit<Operation, 'key'>> {
  return fc.record({ op: fc.constant(op), ...fields })
}

const accountFields = ['account', 'from', 'to', 'parent']

/** The operation of a plan, now that it is known what there is; fields left undefined are left out. */
export function toOperation(
  { operation, pick }: { operation: Omit<Operation, 'key'>; pick: number },
  { model, prefix, key }: { model: Model; prefix: string; key: string },
): Operation {
  const holds = model.holds()
  const leases = model.leases()
  const leased = leases.at(-1 - (pick % 3)) ?? leases[0]
  const { charges, others } = model.transactions()
  const transactions = pick % 9 === 0 ? others : charges
  const fields = Object.entries(operation).filter(([, value]) => value !== undefined)
  const known = fields.map(([name, value]): [string, Operation[string]] => {
    if (accountFields.includes(name) && typeof value === 'string') return [name, prefix + value]
    // Mostly one of the last: the old ones are closed.
    if (name === 'hold' && value === '?') return [name, holds.at(-1 - (pick % 8))?.id ?? holds[0]?.id ?? randomUUID()]
    if (name === 'hold' && value === 'fresh') return [name, randomUUID()]
    if (name === 'lease') return [name, leased?.id ?? randomUUID()]
    if (name === 'seq') return [name, Math.max(1, (leased?.seq ?? 0) + 1 + Number(value))]
    if (name === 'tx') return [name, transactions.at(-1 - (pick % 8)) ?? transactions[0] ?? 0]
    return [name, value]
  })
  return { ...Object.fromEntries(known), op: String(operation['op']), key }
}
