import { randomUUID } from 'node:crypto'
import type { Json, JsonInput, MemberClaims } from '@core/database'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callLedger, isObject, type LedgerUnderTest, openLedgerUnderTest, toAnswer } from './ledger-under-test.ts'
import type { Operation } from './model-state.ts'

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
  const result = `core.ledger_result(t) - '{tx,refunds,hold,expires_at,created_at,budgets}'::text[]`
  const queries = {
    accounts: `select code, total_in, total_out, held, version from core.ledger_account where code like $1 order by 1`,
    holds: `select amount, captured, released, over, status, count(*) from core.ledger_hold where project like $1 group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`,
    windows: `select a.code, b.name, w.spent, w.held from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
      join core.ledger_account a on a.id = b.account_id where a.code like $1 and (w.spent > 0 or w.held > 0) order by 1, 2, w.period_start`,
    journal: `select t.key, t.op, t.version, t.amount, t.flags::text, (${result})::text as result,
      (t.request - '{hold,tx}'::text[])::text as request, cardinality(t.budget_ids) as budgets
      from core.ledger_tx t where t.project like $1 and t.op <> 'expire' order by t.project, t.key`,
    entries: `select t.key, e.amount, e.balance_after, e.version from core.ledger_entry e join core.ledger_tx t on t.id = e.tx_id
      where t.project like $1 order by t.project, t.key, e.amount`,
    alerts: `select a.code, l.threshold_bp, l.spent, t.key from core.ledger_alert l join core.ledger_tx t on t.id = l.tx_id
      join core.ledger_budget b on b.id = l.budget_id join core.ledger_account a on a.id = b.account_id where l.project like $1 order by a.code, b.name, l.threshold_bp, l.spent, t.key`,
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
      { numRuns: 20, endOnFailure: true },
    )
  }, 120_000) // twenty runs, each on two databases

  /** Through the function of its own; misuse as a batch reports it. */
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

describe('in a batch', () => {
  let ledger: LedgerUnderTest
  let prefix: string
  beforeAll(async () => {
    ledger = await openLedgerUnderTest('server')
  })
  afterAll(() => ledger[Symbol.asyncDispose]())
  beforeEach(async () => {
    prefix = `c${++runs}`
    await openAccounts(ledger, prefix)
  })
  afterEach(async () => {
    expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  })
  const charge = (key: string, amount: JsonInput = 10): Op => ({ op: 'charge', key, account: prefix, amount })
  const outcomes = (results: Json[]) => results.map((result) => isObject(result) && (result['ok'] || result['code']))

  test('an operation may use what an earlier one made', async () => {
    const hold = randomUUID()
    const { results } = await sendBatch(ledger, [
      { op: 'grant', key: '1', account: `${prefix}-apart`, amount: 500 },
      { op: 'transfer', key: '2', from: `${prefix}-apart`, to: prefix, amount: 550 },
      { op: 'reserve', key: '3', account: prefix, amount: 800, hold },
      { op: 'capture', key: '4', hold, amount: 300 },
      { op: 'extend', key: '5', hold, add: 100 },
      { op: 'settle', key: '6', hold, amount: 600 },
      { op: 'settle', key: '7', hold, amount: 600 },
      { op: 'void', key: '8', hold },
    ])
    expect(outcomes(results)).toEqual([true, true, true, true, true, true, 'hold_closed', 'hold_closed'])
    expect(results[5]).toMatchObject({ charged: 600, released: 0, settled: 650, held: 0, available: 650 })
  })

  test('one key twice is one effect and a replay; with another payload it is a mismatch', async () => {
    const { results } = await sendBatch(ledger, [charge('same'), charge('same'), charge('same', 11), charge('other')])
    const [first, second, third, fourth] = results
    expect(second).toEqual({ ...(isObject(first) && first), replayed: true })
    expect(third).toMatchObject({
      ok: false,
      code: 'idempotency_mismatch',
      error: { sqlstate: 'PT422', details: { fields: ['amount'] } },
    })
    expect(fourth).toMatchObject({ ok: true, settled: 980 })
  })

  test.each<[string, unknown, string]>([
    ['null', null, 'invalid_op'],
    ['a number', 5, 'invalid_op'],
    ['an array', [], 'invalid_op'],
    ['an empty object', {}, 'invalid_op'],
    ['an unknown operation', { op: 'steal', key: 'x' }, 'invalid_op'],
    ['an operation that is no text', { op: { op: 'charge' }, key: 'x' }, 'invalid_op'],
    ['an unknown field', { op: 'charge', key: 'x', account: 'a', amount: 1, colour: 'red' }, 'unknown_field'],
    ['no key', { op: 'charge', account: 'a', amount: 1 }, 'invalid_key'],
    ['no account', { op: 'charge', key: 'x', amount: 1 }, 'invalid_account'],
    ['an unknown account', { op: 'charge', key: 'x', account: 'ghost', amount: 1 }, 'account_not_found'],
    ['a negative amount', { op: 'charge', key: 'x', account: 'a', amount: -1 }, 'invalid_amount'],
    ['an amount of 2^53', { op: 'charge', key: 'x', account: 'a', amount: '9007199254740992' }, 'invalid_amount'],
    [
      'an amount beyond bigint',
      { op: 'charge', key: 'x', account: 'a', amount: '1000000000000000000000000000000' },
      'invalid_value',
    ],
    ['an amount that is no number', { op: 'charge', key: 'x', account: 'a', amount: 'ten' }, 'invalid_value'],
    ['an amount that is an object', { op: 'charge', key: 'x', account: 'a', amount: {} }, 'invalid_value'],
    ['a hold that is no uuid', { op: 'settle', key: 'x', hold: 'h' }, 'invalid_value'],
    ['an unknown hold', { op: 'settle', key: 'x', hold: randomUUID() }, 'hold_not_found'],
    ['metadata that is no object', { op: 'charge', key: 'x', account: 'a', amount: 1, metadata: [] }, 'invalid_object'],
    ['an unknown transaction', { op: 'refund', key: 'x', tx: 1e15 }, 'tx_not_found'],
  ])('%s fails alone', async (_, malformed, code) => {
    const { results } = await sendBatch(ledger, [charge('before'), malformed as JsonInput, charge('after')])
    expect(outcomes(results)).toEqual([true, code, true])
    expect(results[2]).toMatchObject({ settled: 980 })
  })

  // The drivers do not send such numbers; raw SQL does.
  test.each([
    ['9007199254740992', 'invalid_amount'],
    ['1e30', 'invalid_value'],
  ])('the number %s as an amount fails alone', async (amount, code) => {
    const malformed = `{"op": "charge", "key": "x", "account": "a", "amount": ${amount}}`
    const ops = `[${JSON.stringify(charge('before'))}, ${malformed}, ${JSON.stringify(charge('after'))}]`
    const rows = await ledger.sql(
      `select coalesce(r -> 'code', r -> 'ok') #>> '{}' as outcome
       from jsonb_array_elements(core_api.ledger_batch(p_ops => $1::jsonb) -> 'results') r`,
      [ops],
    )
    expect(rows.map(({ outcome }) => outcome)).toEqual(['true', code, 'true'])
  })

  test('a settle far beyond its hold takes what there is, and its neighbours keep theirs', async () => {
    const hold = randomUUID()
    await sendBatch(ledger, [{ op: 'reserve', key: 'r', account: prefix, amount: 1, hold }])
    const huge = { op: 'settle', key: 'huge', hold, amount: Number.MAX_SAFE_INTEGER }
    const { results } = await sendBatch(ledger, [charge('before'), huge, charge('after')])
    expect(outcomes(results)).toEqual([true, true, true])
    expect(results[1]).toMatchObject({
      charged: 2,
      uncollected: Number.MAX_SAFE_INTEGER - 2,
      flags: ['overflow', 'uncollected'],
    })
  })

  test('a member reaches only its own project, operation by operation', async () => {
    await ledger.database.rpc('project_register', { p_name: prefix })
    const claims = { role: 'core_member', project: prefix, caps: ['ledger:spend'], sub: 'key' } as const
    const hold = randomUUID()
    await sendBatch(ledger, [{ op: 'reserve', key: 'r', account: `${prefix}-apart`, amount: 1, hold }])
    const foreign = { op: 'charge', key: 'x', account: `${prefix}-apart`, amount: 1 }
    const { results } = await sendBatch(
      ledger,
      [charge('a'), foreign, { op: 'settle', key: 'y', hold }, charge('b')],
      false,
      claims,
    )
    expect(outcomes(results)).toEqual([true, 'forbidden_project', 'hold_not_found', true])
    const grant = { op: 'grant', key: 'z', account: prefix, amount: 1 }
    const mixed = await sendBatch(ledger, [charge('c'), grant, charge('d')], false, claims)
    expect(outcomes(mixed.results)).toEqual([true, 'forbidden_capability', true])
  })

  describe('all or nothing', () => {
    test('an atomic batch with a denial changes nothing and says which', async () => {
      const before = await stateOf(ledger, prefix)
      const { ok, results } = await sendBatch(ledger, [charge('a'), charge('b', 5_000), charge('c')], true)
      expect([ok, ...outcomes(results)]).toEqual([false, 'not_applied', 'insufficient_credits', 'not_applied'])
      expect(await stateOf(ledger, prefix)).toEqual(before)
      const again = await sendBatch(ledger, [charge('a'), charge('c')], true)
      expect([again.ok, ...outcomes(again.results)]).toEqual([true, true, true])
    })

    test('an atomic batch with misuse changes nothing, taken together or one by one', async () => {
      const before = await stateOf(ledger, prefix)
      for (const bad of [charge('b', -1), { op: 'refund', key: 'b', tx: 0 }]) {
        const { ok, results } = await sendBatch(ledger, [charge('a'), bad], true)
        expect([ok, outcomes(results)[0]]).toEqual([false, 'not_applied'])
      }
      expect(await stateOf(ledger, prefix)).toEqual(before)
    })
  })

  test.each([
    ['together', false],
    ['one by one', true],
  ])('a whole batch taken %s replays byte for byte', async (_, mixed) => {
    const ops = [
      ...Array.from({ length: 20 }, (_, index) => charge(`c${index}`, 1)),
      ...Array.from({ length: 5 }, (_, index) => ({
        op: 'reserve',
        key: `r${index}`,
        account: `${prefix}/draws`,
        amount: 5,
        metadata: { index },
      })),
      ...(mixed ? [{ op: 'grant', key: 'g', account: prefix, amount: 5 }] : []),
    ]
    const first = await sendBatch(ledger, ops)
    const before = await stateOf(ledger, prefix)
    const second = await sendBatch(ledger, ops)
    expect(JSON.stringify(second.results)).toBe(
      JSON.stringify(first.results).replaceAll('"replayed":false', '"replayed":true'),
    )
    expect(await stateOf(ledger, prefix)).toEqual(before)
  })

  test('a call replays through a batch, and the other way round', async () => {
    const account = `${prefix}/draws`
    const hold = randomUUID()
    const alone = await ledger.database.rpc('ledger_charge', { p_key: 'alone', p_account: account, p_amount: 3 })
    const reserved = await ledger.database.rpc('ledger_reserve', {
      p_key: 'held',
      p_account: account,
      p_amount: 3,
      p_hold: hold,
    })
    const { results } = await sendBatch(ledger, [
      { op: 'charge', key: 'alone', account, amount: 3 },
      { op: 'reserve', key: 'held', account, amount: 3, hold, ttl_s: 120, over: 'cap' },
      { op: 'settle', key: 'batched', hold, amount: 2 },
    ])
    expect(results.slice(0, 2)).toEqual(
      [alone, reserved].map((answer) => ({ ...(isObject(answer) && answer), replayed: true })),
    )
    const settled = await ledger.database.rpc('ledger_settle', { p_key: 'batched', p_hold: hold, p_amount: 2 })
    expect(settled).toEqual({ ...(isObject(results[2]) && results[2]), replayed: true })
  })

  test('none, a thousand, and no more', async () => {
    expect(await sendBatch(ledger, [])).toEqual({ ok: true, results: [] })
    expect(await sendBatch(ledger, [], true)).toEqual({ ok: true, results: [] })
    const ops = Array.from({ length: 1_001 }, (_, index) => charge(`k${index}`, 1))
    await expect(sendBatch(ledger, ops)).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
      details: { reason: 'batch_too_large' },
    })
    const { results } = await sendBatch(ledger, ops.slice(1))
    expect(outcomes(results)).toEqual([...Array(900).fill(true), ...Array(100).fill('budget_exhausted')])
    for (const ops of [null, {}, 'charge', 1]) {
      await expect(sendBatch(ledger, ops)).rejects.toMatchObject({
        code: 'E_INVALID',
        details: { reason: 'invalid_batch' },
      })
    }
  })
})
