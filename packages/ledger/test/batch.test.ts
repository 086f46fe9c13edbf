import { randomUUID } from 'node:crypto'
import type { Json, JsonInput, MemberClaims } from '@core/database'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callLedger, isObject, type LedgerUnderTest, openLedgerUnderTest, toAnswer } from './ledger-under-test.ts'
import type { Operation } from './model.ts'

type Op = Record<string, JsonInput>
const NOW = Date.UTC(2026, 5, 1, 12)
let runs = 0

async function sendBatch({ database }: LedgerUnderTest, ops: JsonInput, atomic = false, claims?: MemberClaims) {
  const answer = await database.rpc('ledger_batch', { p_ops: ops, p_atomic: atomic }, { claims })
  if (!isObject(answer) || !Array.isArray(answer['results'])) throw new Error(JSON.stringify(answer))
  return { ok: answer['ok'], results: answer['results'] }
}

/** An account with 1,000 credits of a pool, a child that draws on it, one apart; a budget on two of them. */
async function openAccounts(ledger: LedgerUnderTest, prefix: string): Promise<void> {
  await ledger.setClock(NOW)
  const openings: Omit<Operation, 'key'>[] = [
    { op: 'account_open', account: prefix },
    { op: 'account_open', account: `${prefix}/draws`, funding: 'parent' },
    { op: 'account_open', account: `${prefix}/own` },
    { op: 'account_open', account: `${prefix}-apart`, overdraft: 50 },
    { op: 'grant', account: prefix, amount: 1_000 },
    { op: 'grant', account: `${prefix}/own`, amount: 300 },
    { op: 'budget_set', account: prefix, name: 'day', period: 'day', limit: 900, alert_bp: [5_000, 9_000] },
    { op: 'budget_set', account: `${prefix}/draws`, name: 'hour', period: 'hour', limit: 400 },
  ]
  for (const [index, opening] of openings.entries()) {
    const { answer } = await callLedger(ledger, {
      ...opening,
      op: String(opening['op']),
      key: `${prefix} open ${index}`,
    })
    expect(answer).toMatchObject({ ok: true })
  }
}

/** Everything written for a prefix, without ids and times of this database, and without windows that were only opened. */
async function stateOf({ sql }: LedgerUnderTest, prefix: string) {
  const like = [`${prefix}%`]
  const result = `t.result - '{tx,refunds,hold,expires_at,created_at,budgets}'::text[]`
  const queries = {
    accounts: `select code, total_in, total_out, held, version from core.ledger_account where code like $1 order by 1`,
    holds: `select amount, captured, released, over, status, count(*) from core.ledger_hold where project like $1 group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`,
    windows: `select a.code, b.name, w.spent, w.held from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
      join core.ledger_account a on a.id = b.account_id where a.code like $1 and (w.spent > 0 or w.held > 0) order by 1, 2`,
    journal: `select t.key, t.op, t.version, t.amount, t.flags::text, (${result})::text as result,
      (t.request - '{hold,tx}'::text[])::text as request, cardinality(t.budget_ids) as budgets
      from core.ledger_tx t where t.project like $1 and t.op <> 'expire' order by t.project, t.key`,
    entries: `select t.key, e.amount, e.balance_after, e.version from core.ledger_entry e join core.ledger_tx t on t.id = e.tx_id
      where t.project like $1 order by t.project, t.key, e.amount`,
    alerts: `select a.code, l.threshold_bp, l.spent, t.key from core.ledger_alert l join core.ledger_tx t on t.id = l.tx_id
      join core.ledger_budget b on b.id = l.budget_id join core.ledger_account a on a.id = b.account_id where l.project like $1 order by a.code, b.name, l.threshold_bp, l.spent`,
  }
  const entries = Object.entries(queries).map(async ([name, text]) => [name, await sql(text, like)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

describe('a batch does what its operations do alone', () => {
  let together: LedgerUnderTest
  let alone: LedgerUnderTest
  beforeAll(async () => {
    together = await openLedgerUnderTest('server')
    alone = await openLedgerUnderTest('server')
  })
  afterAll(async () => {
    await together[Symbol.asyncDispose]()
    await alone[Symbol.asyncDispose]()
  })

  const account = fc.constantFrom('', '', '/draws', '/draws', '/own', '-apart', '-ghost')
  const amount = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 500 }))
  const hold = fc.nat(12)
  const plan = (op: string, fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record({ op: fc.constant(op), ...fields })
  const spend = [
    {
      weight: 8,
      arbitrary: plan('reserve', {
        account,
        amount,
        hold: fc.option(hold),
        over: fc.constantFrom('overflow', 'cap', 'reject'),
        ttl_s: fc.constantFrom(1, 120),
      }),
    },
    {
      weight: 3,
      arbitrary: plan('reserve', {
        account,
        amount: fc.integer({ min: 20, max: 900 }),
        min: fc.integer({ min: 1, max: 20 }),
      }),
    },
    { weight: 6, arbitrary: plan('settle', { hold, amount: fc.option(fc.nat(300)) }) },
    { weight: 2, arbitrary: plan('void', { hold }) },
    { weight: 4, arbitrary: plan('charge', { account, amount }) },
    { weight: 1, arbitrary: plan('charge', { account, amount: fc.constantFrom(0, -1, 1.5, 'ten', null) }) },
  ]
  const others = [
    { weight: 2, arbitrary: plan('extend', { hold, add: fc.nat(60), min: fc.constantFrom(null, 0) }) },
    { weight: 2, arbitrary: plan('capture', { hold, amount: fc.integer({ min: 1, max: 50 }) }) },
    { weight: 1, arbitrary: plan('grant', { account, amount }) },
    {
      weight: 1,
      arbitrary: plan('transfer', { from: account, to: account, amount, mode: fc.constantFrom('exact', 'up_to') }),
    },
    { weight: 1, arbitrary: plan('refund', { tx: fc.nat(30), amount: fc.option(fc.integer({ min: 1, max: 30 })) }) },
  ]
  // Without the others a batch is taken together; with them one by one.
  const batch = fc.oneof(
    fc.array(fc.oneof(...spend), { maxLength: 12 }),
    fc.array(fc.oneof(...spend, ...others), { maxLength: 12 }),
  )
  const steps = fc.array(fc.record({ batch, wait: fc.constantFrom(0, 0, 2_000, 3_600_000), repeat: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  })

  test('with the same answers and the same rows', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const prefix = `b${++runs}`
        for (const ledger of [together, alone]) await openAccounts(ledger, prefix)
        const holds = Array.from({ length: 13 }, () => randomUUID())
        /** Transactions of each database, by the index of their operation. */
        const sent: { together: Json; alone: Json }[] = []
        let now = NOW
        for (const { batch: plans, wait, repeat } of all) {
          now += wait
          // What is due goes first: a batch expires it before its first operation, single calls when they come to it.
          for (const ledger of [together, alone]) {
            await ledger.setClock(now)
            await ledger.database.rpc('ledger_expire_due', {})
          }
          const toOp = (side: 'together' | 'alone') => (fields: Record<string, unknown>, index: number) => {
            const op: Op = { key: `${prefix} ${sent.length + index - (repeat ? 2 : 0)}` }
            for (const [name, value] of Object.entries(fields)) {
              if (name === 'hold') op[name] = typeof value === 'number' ? holds[value] : null
              else if (['account', 'from', 'to'].includes(name)) op[name] = prefix + String(value)
              else if (name === 'tx') {
                const answer = sent.at(-1 - Number(value))?.[side]
                op[name] = isObject(answer) ? (answer['tx'] ?? 0) : 0
              } else op[name] = value as JsonInput
            }
            return op
          }
          const ops = plans.map(toOp('together'))
          const { results } = await sendBatch(together, ops)
          const single = []
          for (const op of plans.map(toOp('alone'))) single.push(await sendAlone(alone, op))
          expect(results.map(toComparable)).toEqual(single.map(toComparable))
          for (const [index] of ops.entries())
            sent.push({ together: results[index] ?? null, alone: single[index] ?? null })
        }
        expect(await stateOf(together, prefix)).toEqual(await stateOf(alone, prefix))
        for (const ledger of [together, alone]) {
          expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 40) },
    )
  })

  /** Through the function of its own; misuse as a batch tells it. */
  async function sendAlone(ledger: LedgerUnderTest, { op, ...fields }: Op): Promise<Json> {
    const operation = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    try {
      return await ledger.database.call(
        `ledger_${op}`,
        Object.fromEntries(Object.entries(operation).map(([name, value]) => [`p_${name}`, value])),
      )
    } catch (error) {
      if (!(error instanceof Error) || !('details' in error) || !isObject(error.details)) throw error
      const { reason = 'invalid_value', fields: names } = error.details
      return { ok: false, code: reason, error: { details: names === undefined ? {} : { fields: names } } }
    }
  }

  /** Without ids that each database makes for itself. */
  function toComparable(raw: Json) {
    const { hold: _, ...answer } = toAnswer(raw)
    return answer
  }
})
