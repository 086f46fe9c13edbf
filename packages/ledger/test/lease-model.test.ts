import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, type LeaseDatabase, openLeaseDatabase } from './lease-database.ts'

let base: LeaseDatabase
beforeAll(async () => {
  base = await openLeaseDatabase()
})
afterAll(() => base.drop())

const at = '2026-11-20T10:00:00Z'

interface ModelLease {
  id: string
  key: string
  amount: number
  reports: number[]
  /** Hours until its end; the grace is over at -24. */
  leftHours: number
  closed: boolean
}
/** What the ledger should say, in a few lines. */
class Model {
  granted = 1_000
  spent = 0
  leases: ModelLease[] = []

  isReturned = (lease: ModelLease) => lease.leftHours <= -24
  reported = (lease: ModelLease) => lease.reports.reduce((sum, amount) => sum + amount, 0)
  /** What a lease still holds: nothing once it is closed or its grace is over. */
  held = (lease: ModelLease) =>
    lease.closed || this.isReturned(lease) ? 0 : Math.max(0, lease.amount - this.reported(lease))
  get heldInAll(): number {
    return this.leases.reduce((sum, lease) => sum + this.held(lease), 0)
  }
  get available(): number {
    return this.granted - this.spent - this.heldInAll
  }
}

type Step =
  | { do: 'open'; amount: number }
  | { do: 'report'; lease: number; ahead: number; amounts: number[] }
  | { do: 'again'; lease: number; seq: number; isOther: boolean }
  | { do: 'close'; lease: number }
  | { do: 'age'; lease: number; hours: number }
  | { do: 'charge'; amount: number }
  | { do: 'sweep' }

const lease = fc.nat(2)
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('open' as const), amount: fc.integer({ min: 1, max: 220 }) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('report' as const),
        lease,
        ahead: fc.constantFrom(0, 0, 0, 0, 1, 2),
        amounts: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('again' as const), lease, seq: fc.nat(5), isOther: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), lease }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('age' as const), lease, hours: fc.constantFrom(1, 13, 25) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('charge' as const), amount: fc.integer({ min: 1, max: 100 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'sweep' as const }) },
  ),
  { maxLength: 25 },
)

let runs = 0
const itemsOf = (amounts: readonly number[]) => amounts.map((amount) => ({ amount, at }))

test('leases do what a model of a few lines does, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const account = `smart_layer/m${++runs}`
      await base.call('ledger_account_open', { p_key: account, p_account: account, p_kind: 'user' })
      await base.call('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: 1_000 })
      await base.call('ledger_budget_set', {
        p_key: `total ${account}`,
        p_account: account,
        p_name: 'all',
        p_period: 'total',
        p_limit: 5_000,
      })
      const model = new Model()
      const payloads = new Map<string, number[]>()
      for (const [index, step] of todo.entries()) {
        await run(model, payloads, account, step, `${account}/${index}`)
        const balance = await base.call('ledger_balance', { p_account: account })
        expect(balance).toMatchObject({
          settled: model.granted - model.spent,
          held: model.heldInAll,
          available: model.available,
          budgets: [{ spent: model.spent, held: model.heldInAll }],
        })
      }
      for (const each of model.leases) {
        const flags = each.reports.length > 0 && model.reported(each) > each.amount
        const facts = await base.call('ledger_lease_get', { p_lease: each.id })
        expect(facts).toMatchObject({
          reported: model.reported(each),
          seq: each.reports.length,
          rest: model.held(each),
        })
        expect(JSON.stringify(facts['flags']).includes('overflow')).toBe(flags)
      }
      await base.audit()
    }),
    { numRuns: 60 },
  )
}, 90_000)

async function run(
  model: Model,
  payloads: Map<string, number[]>,
  account: string,
  step: Step,
  key: string,
): Promise<void> {
  if (step.do === 'open') return await open(model, account, step.amount, key)
  if (step.do === 'sweep') {
    await base.call('ledger_expire_due', {})
    return
  }
  if (step.do === 'charge') {
    const answer = await base.call('ledger_charge', { p_key: key, p_account: account, p_amount: step.amount })
    const isEnough = step.amount <= model.available
    expect(answer).toMatchObject(isEnough ? { charged: step.amount } : { code: 'insufficient_credits' })
    if (isEnough) model.spent += step.amount
    return
  }
  const target = model.leases[step.lease]
  if (target === undefined) return
  switch (step.do) {
    case 'report': {
      const seq = target.reports.length + 1 + step.ahead
      const sum = step.amounts.reduce((total, amount) => total + amount, 0)
      const answer = await report(target.id, seq, step.amounts)
      if (target.closed) expect(answer).toMatchObject({ code: 'hold_closed' })
      else if (step.ahead > 0) expect(answer).toMatchObject({ code: 'lease_gap', expected: target.reports.length + 1 })
      else {
        expect(JSON.stringify(answer['flags']).includes('late')).toBe(model.isReturned(target))
        model.spent += sum
        target.reports.push(sum)
        payloads.set(`${target.id} ${seq}`, step.amounts)
        expect(answer).toMatchObject({ ok: true, charged: sum, seq, available: model.available })
      }
      return
    }
    case 'again': {
      const amounts = payloads.get(`${target.id} ${step.seq}`)
      if (amounts === undefined) return
      if (!step.isOther)
        expect(await report(target.id, step.seq, amounts)).toMatchObject({ ok: true, replayed: true, seq: step.seq })
      else
        await expect(report(target.id, step.seq, [...amounts, 1])).rejects.toMatchObject({
          code: 'E_IDEMPOTENCY_MISMATCH',
        })
      return
    }
    case 'close': {
      const released = model.held(target)
      const answer = await base.call('ledger_lease_close', { p_key: key, p_lease: target.id })
      expect(answer).toMatchObject(target.closed ? { code: 'hold_closed' } : { ok: true, released })
      target.closed = true
      return
    }
    case 'age':
      await base.age(target.id, `${step.hours} hours`)
      // A lease that was closed or given back has had its end.
      if (!target.closed && !model.isReturned(target)) target.leftHours -= step.hours
      return
    default:
      throw step satisfies never
  }
}

async function open(model: Model, account: string, amount: number, key: string): Promise<void> {
  const answer = await base.call('ledger_lease_open', {
    p_key: key,
    p_account: account,
    p_amount: amount,
    p_ttl_s: 3_600,
    p_device: 'd',
  })
  if (amount > model.available) expect(answer).toMatchObject({ code: 'insufficient_credits' })
  else if (amount > Math.floor(model.available / 5)) expect(answer).toMatchObject({ code: 'lease_limit' })
  else {
    expect(answer).toMatchObject({ ok: true, amount })
    model.leases.push({ id: String(answer['lease']), key, amount, reports: [], leftHours: 1, closed: false })
  }
}

function report(id: string, seq: number, amounts: readonly number[]): Promise<Answer> {
  return base.call('ledger_lease_report', { p_lease: id, p_seq: seq, p_items: itemsOf(amounts) })
}
