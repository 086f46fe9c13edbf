import fc from 'fast-check'
import { DAY_MS, HOUR_MS } from './calendar.ts'
import type { Operation } from './model-state.ts'
import type { Plan } from './plan.ts'

/** Batches of a life of holds: reserved together, extended after a wait, settled after another, often late or above. */
type Call = Omit<Operation, 'key'>

const account = fc.constantFrom('alpha', 'alpha/kid', 'beta', 'solo')
const some = fc.integer({ min: 1, max: 40 })
const wait = (...ms: number[]) => fc.constantFrom(...ms).map((each): Plan => ({ do: 'wait', ms: each }))

/** Up to eight, each on another of the last holds, so that they may be taken together; the last is often one sent before. */
const batchOf = (call: fc.Arbitrary<Call>) =>
  fc
    .tuple(fc.array(call, { minLength: 4, maxLength: 8 }), fc.constantFrom(null, 0, 1, 2))
    .map(([calls, back]): Plan => {
      const fresh = calls.map((operation, pick) => ({ operation, pick }))
      // What `pick % 9 === 8` means: see `batch` of the run.
      const again = fresh.slice(0, 1).map((each) => ({ ...each, pick: 8 + 9 * (back ?? 0) }))
      return { do: 'batch', calls: back === null ? fresh : [...fresh, ...again], atomic: false }
    })

const reserve = fc.record({
  op: fc.constant('reserve'),
  account,
  amount: some,
  ttl_s: fc.constantFrom(60, 86_400, 86_400, 86_400),
  over: fc.constantFrom('cap', 'cap', 'overflow', 'reject'),
})
const extend = fc.record({ op: fc.constant('extend'), hold: fc.constant('?'), add: some, ttl_s: fc.constant(86_400) })
const end: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('settle'),
      hold: fc.constant('?'),
      amount: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 150 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('void'), hold: fc.constant('?') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('charge'), account, amount: some }) },
)
const grant = fc.record({ op: fc.constant('grant'), account, amount: fc.integer({ min: 100, max: 400 }) })
const hourly = fc.record({
  op: fc.constant('budget_set'),
  account,
  name: fc.constant('hourly'),
  period: fc.constant('hour'),
  limit: fc.integer({ min: 100, max: 500 }),
})
const look = fc.constant<Plan>({ do: 'look' })

export const cycleArbitrary: fc.Arbitrary<Plan> = fc
  .tuple(
    hourly.map((operation): Plan => ({ do: 'call', operation, pick: 0 })),
    batchOf(fc.oneof({ weight: 4, arbitrary: reserve }, grant)),
    wait(0, 61_000, HOUR_MS, HOUR_MS),
    batchOf(fc.oneof({ weight: 6, arbitrary: extend }, grant)),
    wait(0, 61_000, HOUR_MS, DAY_MS),
    batchOf(end),
    look,
  )
  .map((plans): Plan => ({ do: 'several', plans }))
