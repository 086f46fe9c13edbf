import { randomUUID } from 'node:crypto'
import type { Json, JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { isCoreError } from '@core/foundation'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'
import { callWithNewKey, isObject, stopTheClock } from './ledger-under-test.ts'
import { replayJournal } from './replay-journal.ts'

/** Each costs a database of its own 30 ms of CPU. */
const CONNECTIONS = 12
let base: TestDatabase

beforeEach(async () => {
  base = await createTestDatabase({ poolSize: CONNECTIONS })
})
afterEach(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  expect(await replayJournal(base.sql)).toEqual([])
  expect(await countDeadlocks(base)).toBe(0)
  await base.drop()
})

function call(op: string, args: Record<string, JsonInput>): Promise<{ [key: string]: Json }> {
  return callWithNewKey(base, op, args)
}

async function openAccounts(...codes: string[]): Promise<void> {
  for (const code of codes) {
    await call('account_open', { p_account: code })
    await call('grant', { p_account: code, p_amount: 1_000 })
  }
}

const times = <Value>(count: number, work: (index: number) => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
const countOf = (answers: { [key: string]: Json }[], wanted: { [key: string]: Json }) =>
  answers.filter((answer) => Object.entries(wanted).every(([name, value]) => answer[name] === value)).length

test('40 reserves of 100 at once on 1,000: exactly 10 are granted', async () => {
  await openAccounts('alpha')
  const answers = await times(40, () => call('reserve', { p_account: 'alpha', p_amount: 100 }))
  expect(countOf(answers, { ok: true, granted: 100 })).toBe(10)
  expect(countOf(answers, { ok: false, code: 'insufficient_credits' })).toBe(30)
  expect(await call('balance', { p_key: undefined, p_account: 'alpha' })).toMatchObject({
    settled: 1_000,
    held: 1_000,
    available: 0,
  })
})

test('40 reserves at once below a budget of 1,000 that two purses share: exactly 10 are granted', async () => {
  await openAccounts('pool', 'pool/a', 'pool/b')
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: 1_000 })
  const answers = await times(40, (index) =>
    call('reserve', { p_account: index % 2 ? 'pool/a' : 'pool/b', p_amount: 100 }),
  )
  expect(countOf(answers, { ok: true })).toBe(10)
  expect(
    countOf(answers, { ok: false, code: 'budget_exhausted', budget: 'daily' }) +
      countOf(answers, { code: 'insufficient_credits' }),
  ).toBe(30)
})

test('30 calls with one key: one effect and 29 replays, byte for byte', async () => {
  await openAccounts('alpha')
  await call('budget_set', { p_account: 'alpha', p_name: 'daily', p_period: 'day', p_limit: 500 })
  const answers = await times(30, async (index) => {
    if (index % 3 > 0)
      return await call('reserve', { p_key: 'one', p_account: 'alpha', p_amount: 100, p_metadata: { a: 1 } })
    const batch = [{ op: 'reserve', key: 'one', account: 'alpha', amount: 100, metadata: { a: 1 } }]
    const { results } = await call('batch', { p_key: undefined, p_ops: batch })
    return Array.isArray(results) && isObject(results[0]) ? results[0] : {}
  })
  expect(countOf(answers, { replayed: false })).toBe(1)
  const texts = answers.map((answer) => JSON.stringify({ ...answer, replayed: true }))
  expect(new Set(texts).size).toBe(1)
  expect(await base.sql(`select count(*)::int from core.ledger_hold`)).toEqual([{ count: 1 }])
})

test('one key for two accounts at once: one effect, the other call is a mismatch', async () => {
  await openAccounts('alpha', 'alpha/a', 'alpha/b')
  for (let round = 0; round < 10; round++) {
    const results = await times(8, async (index) => {
      const account = index % 2 ? 'alpha/a' : 'alpha/b'
      try {
        if (index < 4) {
          const ops = [{ op: 'charge', key: `round ${round}`, account, amount: 10 }]
          const { results } = await call('batch', { p_key: undefined, p_ops: ops })
          const result = Array.isArray(results) && isObject(results[0]) ? results[0] : {}
          return result['code'] === 'idempotency_mismatch' ? { mismatch: '["account"]' } : result
        }
        return await call('charge', { p_key: `round ${round}`, p_account: account, p_amount: 10 })
      } catch (error) {
        if (!isCoreError(error, 'E_IDEMPOTENCY_MISMATCH')) throw error
        return { mismatch: JSON.stringify(error.details['fields']) }
      }
    })
    expect(countOf(results, { replayed: false })).toBe(1)
    expect(countOf(results, { replayed: true })).toBe(3)
    expect(countOf(results, { mismatch: '["account"]' })).toBe(4)
  }
})

test('transfers and batches in opposite orders do not lock each other up', async () => {
  await openAccounts('alpha', 'beta')
  await times(60, async (index) => {
    const [from, to] = index % 2 ? ['alpha', 'beta'] : ['beta', 'alpha']
    if (index % 3 > 0) return await call('transfer', { p_from: from, p_to: to, p_amount: 10 })
    const charges = [from, to].map((account) => ({
      op: 'charge',
      key: randomUUID(),
      account: String(account),
      amount: 1,
    }))
    const moves = [{ op: 'transfer', key: randomUUID(), from: String(from), to: String(to), amount: 1 }]
    return await call('batch', { p_key: undefined, p_ops: index % 2 ? charges : [...charges, ...moves] })
  })
  const [row] = await base.sql(`select sum(total_in - total_out)::int as sum from core.ledger_account where id >= 100`)
  expect(row).toEqual({ sum: 2_000 - 20 * 2 })
})

test('two settles of one hold with keys of their own charge once', async () => {
  await openAccounts('alpha')
  for (let round = 0; round < 10; round++) {
    const { hold = null } = await call('reserve', { p_account: 'alpha', p_amount: 50 })
    const answers = await times(6, (index) =>
      index % 3 ? call('settle', { p_hold: hold, p_amount: 20 }) : call('void', { p_hold: hold }),
    )
    expect(countOf(answers, { ok: true })).toBe(1)
    expect(countOf(answers, { ok: false, code: 'hold_closed' })).toBe(5)
  }
})

test('a sweep and a late settle at once: the hold expires once and is charged once', async () => {
  await openAccounts('alpha', 'beta')
  const holds = await times(
    20,
    async (index) => (await call('reserve', { p_account: index % 2 ? 'alpha' : 'beta', p_amount: 40 }))['hold'] ?? null,
  )
  await base.sql(`update core.ledger_hold set expires_at = now()`)
  const [sweeps, settles] = await Promise.all([
    times(10, () => call('expire_due', { p_key: undefined })),
    times(40, (index) => call('settle', { p_hold: holds[index % 20], p_amount: 30 })),
  ])
  expect(countOf(settles, { ok: true, status: 'settled_late', charged: 30 })).toBe(20)
  expect(countOf(settles, { ok: false, code: 'hold_closed' })).toBe(20)
  expect(sweeps.reduce((sum, { expired }) => sum + Number(expired), 0)).toBeLessThanOrEqual(20)
  expect(
    await base.sql(
      `select op, count(*)::int from core.ledger_tx where op in ('expire', 'settle') group by 1 order by 1`,
    ),
  ).toEqual([
    { op: 'expire', count: 20 },
    { op: 'settle', count: 20 },
  ])
})

test('holds whose time is up never deny a reserve, however many there are', async () => {
  await openAccounts('alpha', 'alpha/a')
  await call('budget_set', { p_account: 'alpha', p_name: 'daily', p_period: 'day', p_limit: 1_000 })
  const reserves = Array.from({ length: 900 }, () => ({
    op: 'reserve',
    key: randomUUID(),
    account: 'alpha/a',
    amount: 1,
  }))
  await call('batch', { p_key: undefined, p_ops: reserves })
  await base.sql(`update core.ledger_hold set expires_at = now()`)
  const answers = await times(10, () => call('reserve', { p_account: 'alpha', p_amount: 100 }))
  expect(countOf(answers, { ok: true })).toBe(10)
})

test('account_update, budget_set and spends at once leave nothing half done', async () => {
  // One purse: with purses of their own a spend and a freeze above it may overlap, and then no lock says who was first.
  await openAccounts('pool')
  await call('account_open', { p_account: 'pool/a', p_funding: 'parent' })
  await times(60, async (index) => {
    if (index % 6 === 0) {
      const limit = index % 12 ? 500 : null
      return await call('budget_set', { p_account: 'pool', p_name: `b${index % 4}`, p_period: 'total', p_limit: limit })
    }
    if (index % 6 === 1) {
      return await call('account_update', { p_account: 'pool', p_status: index % 4 === 1 ? 'frozen' : 'active' })
    }
    return await call('charge', { p_account: index % 2 ? 'pool' : 'pool/a', p_amount: 5 })
  })
})

describe('at midnight', () => {
  test('the first touch by 20 callers at once, in opposite orders, makes each window once', async () => {
    await base.sql(stopTheClock)
    const setClock = (at: string) => base.sql('update core.test_clock set at = $1', [at])
    await setClock('2026-10-24T12:00:00Z')
    await openAccounts('pool', 'pool/a', 'pool/b')
    for (const account of ['pool/b', 'pool', 'pool/a']) {
      await call('budget_set', {
        p_account: account,
        p_name: 'daily',
        p_period: 'day',
        p_tz: 'Europe/Berlin',
        p_limit: 60,
        p_carry_cap: 30,
      })
    }
    for (const midnight of [
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
      '2026-10-26T23:00:00Z',
      '2027-03-28T22:00:00Z',
    ]) {
      await setClock(midnight)
      await times(20, (index) => {
        const [first, second] = index % 2 ? ['pool/a', 'pool/b'] : ['pool/b', 'pool/a']
        if (index % 4 > 1) return call('charge', { p_account: first, p_amount: 1 })
        const charge = (account: string | undefined) => ({
          op: 'charge',
          key: randomUUID(),
          account: String(account),
          amount: 1,
        })
        return call('batch', { p_key: undefined, p_ops: [charge(first), charge(second)] })
      })
    }
    const windows = await base.sql(
      `select a.code, w.spent::int, w.carried::int from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
       join core.ledger_account a on a.id = b.account_id order by a.code, w.period_start`,
    )
    const day = (code: string, spent: number, carried: number) => ({ code, spent, carried })
    expect(windows).toEqual([
      ...[day('pool', 0, 0), ...Array.from({ length: 4 }, () => day('pool', 30, 30))],
      ...['pool/a', 'pool/b'].flatMap((code) => [
        day(code, 0, 0),
        ...Array.from({ length: 4 }, () => day(code, 15, 30)),
      ]),
    ])
  })
})
