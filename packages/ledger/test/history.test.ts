import type { Json } from '@core/database'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callLedger, isObject, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'
import type { Operation } from './model-state.ts'

const START = Date.UTC(2026, 5, 1)
let ledger: LedgerUnderTest
let now = START
let calls = 0

beforeAll(async () => {
  ledger = await openLedgerUnderTest('server')
})
afterAll(async () => {
  expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await ledger[Symbol.asyncDispose]()
})

/** A call some time after the one before. */
async function send(op: string, fields: Omit<Operation, 'op' | 'key'>, waitMs = 1_000) {
  now += waitMs
  await ledger.setClock(now)
  const { raw } = await callLedger(ledger, { op, key: `h${calls++}`, ...fields })
  return isObject(raw) ? raw : {}
}

const pick = (answer: unknown) => {
  if (!isObject(answer)) throw new Error('no answer')
  const { settled, held, available } = answer
  return { settled, held, available }
}
const balanceAt = async (account: string, at: number) =>
  pick(await ledger.database.rpc('ledger_balance', { p_account: account, p_at: new Date(at).toISOString() }))

test('the balance at an instant is what it was then, also of one that draws and one that received', async () => {
  await send('account_open', { account: 'pool' })
  await send('account_open', { account: 'pool/draws', funding: 'parent' })
  await send('account_open', { account: 'apart', overdraft: 20 })
  const seen: { at: number; account: string; balance: object }[] = []
  const look = async () => {
    for (const account of ['pool', 'pool/draws', 'apart']) {
      seen.push({
        at: now,
        account,
        balance: pick(await ledger.database.rpc('ledger_balance', { p_account: account })),
      })
    }
  }
  await look()
  await send('grant', { account: 'pool', amount: 500 })
  await look()
  for (let round = 0; round < 12; round++) {
    const { hold = null } = await send('reserve', { account: 'pool/draws', amount: 20 })
    await look()
    await send('transfer', { from: 'pool', to: 'apart', amount: 7 })
    await look()
    await send('settle', { hold: String(hold), amount: round })
    await send('charge', { account: 'apart', amount: 3 }, 0) // two at one instant: the last one counts
    await look()
    if (round % 4 === 0) await send('budget_set', { account: 'apart', name: 'cap', period: 'day', limit: 1_000 })
    await look()
  }
  await send('charge', { account: 'pool', amount: 1 })
  for (const { at, account, balance } of seen) {
    expect(await balanceAt(account, at), `${account} at ${at}`).toEqual(balance)
    expect(await balanceAt(account, at + 999), `${account} after ${at}`).toEqual(balance)
  }
  expect(await balanceAt('pool', START - 1)).toEqual({ settled: 0, held: 0, available: 0 })
})

test('the history of a purse shows every posting once, page by page, newest first', async () => {
  await send('account_open', { account: 'team' })
  await send('account_open', { account: 'team/draws', funding: 'parent' })
  await send('account_open', { account: 'other' })
  await send('grant', { account: 'team', amount: 100 })
  await send('grant', { account: 'other', amount: 100 })
  for (let round = 0; round < 5; round++) {
    await send('charge', { account: 'team/draws', amount: 1 })
    await send('transfer', { from: 'other', to: 'team', amount: 2 })
  }
  const entries: { [key: string]: unknown }[] = []
  let before: number | null = null
  do {
    const page: Json = await ledger.database.rpc('ledger_history', { p_account: 'team', p_before: before, p_limit: 3 })
    if (!isObject(page) || !Array.isArray(page['entries'])) throw new Error('no page')
    entries.push(...page['entries'].filter(isObject))
    before = typeof page['next'] === 'number' ? page['next'] : null
  } while (before !== null)
  const ids = entries.map(({ tx }) => Number(tx))
  expect(ids).toEqual([...new Set(ids)].sort((one, other) => other - one))
  expect(entries.map(({ op }) => op)).toEqual([
    ...Array.from({ length: 5 }, () => ['transfer', 'charge']).flat(),
    'grant',
    'account_open',
  ])
  // What each row says was left is what the next one began with.
  expect(entries.map(({ settled }) => settled)).toEqual([105, 103, 104, 102, 103, 101, 102, 100, 101, 99, 100, 0])
})
