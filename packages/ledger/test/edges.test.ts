import { afterAll, beforeAll, describe, test } from 'vitest'
import { type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'
import { followScript, type Step } from './model-run.ts'

/**
 * Runs at the very edge of a rule, which random ones seldom hit. Accounts as every run of the model has them: pool with
 * 1,500, alpha that draws on it below a daily cap of 600, beta with 400, solo with an overdraft of 100. A wait, also one
 * of nothing, ends a batch: one that names a hold twice, or holds rarer operations, is taken one by one.
 */
const scripts: Record<string, Step[]> = {
  'the last credit is granted, one more is not': [
    { op: 'reserve', account: 'beta', amount: 400 },
    { op: 'reserve', account: 'beta', amount: 1 },
    { op: 'charge', account: 'beta', amount: 1 },
    { op: 'charge', account: 'solo', amount: 100 },
    { op: 'charge', account: 'solo', amount: 1 },
    { op: 'transfer', from: 'solo', to: 'beta', amount: 1, mode: 'up_to' },
  ],
  'the last of a cap is granted, one more is not; min takes what is left': [
    { op: 'reserve', account: 'alpha', amount: 560, hold: 'h' },
    { op: 'extend', hold: 'h', add: 41 },
    { op: 'extend', hold: 'h', add: 41, min: 41 },
    { op: 'extend', hold: 'h', add: 41, min: 20 },
    { op: 'extend', hold: 'h', add: 5, min: 0 },
    { op: 'extend', hold: 'h', add: 1 },
    { op: 'reserve', account: 'alpha', amount: 5, min: 1 },
    { op: 'settle', hold: 'h', amount: 599 },
    { op: 'reserve', account: 'alpha', amount: 5, min: 1 },
    { op: 'charge', account: 'alpha', amount: 1 },
  ],
  'a hold is captured to its last credit, and settled empty': [
    { op: 'reserve', account: 'alpha', amount: 30, hold: 'h' },
    { op: 'capture', hold: 'h', amount: 31 },
    { op: 'capture', hold: 'h', amount: 10 },
    { op: 'void', hold: 'h' },
    { op: 'capture', hold: 'h', amount: 20 },
    { op: 'capture', hold: 'h', amount: 1 },
    { op: 'settle', hold: 'h', amount: null },
    { op: 'settle', hold: 'h', amount: 0 },
  ],
  'above a hold: overflow owes, cap takes what is there, reject refuses': [
    { op: 'reserve', account: 'solo', amount: 20, over: 'reject', hold: 'reject' },
    { op: 'settle', hold: 'reject', amount: 21 },
    { op: 'settle', hold: 'reject', amount: 20 },
    { op: 'reserve', account: 'solo', amount: 30, over: 'cap', hold: 'cap' },
    { op: 'settle', hold: 'cap', amount: 81 },
    { op: 'grant', account: 'solo', amount: 40 },
    { op: 'reserve', account: 'solo', amount: 10, over: 'overflow', hold: 'over' },
    { op: 'settle', hold: 'over', amount: 90 },
    { op: 'reserve', account: 'solo', amount: 1, min: 1 },
    { op: 'grant', account: 'solo', amount: 50 },
    { op: 'reserve', account: 'solo', amount: 1 },
    { op: 'grant', account: 'solo', amount: 1 },
    { op: 'reserve', account: 'solo', amount: 1 },
  ],
  'a lapsed hold charges once; with cap, what is within it comes out of what is there, too': [
    { op: 'reserve', account: 'solo', amount: 40, over: 'cap', ttl_s: 1, hold: 'late' },
    { op: 'reserve', account: 'solo', amount: 50, hold: 'kept' },
    1_000,
    { op: 'settle', hold: 'late', amount: 90 },
    0,
    { op: 'settle', hold: 'late', amount: 90 },
    { op: 'reserve', account: 'solo', amount: 1 },
    0,
    { op: 'void', hold: 'late' },
  ],
  'a lapsed hold of one that has nothing left owes what was within it, not what is above': [
    { op: 'reserve', account: 'solo', amount: 40, over: 'cap', ttl_s: 1, hold: 'late' },
    1_000,
    { op: 'charge', account: 'solo', amount: 100 },
    { op: 'settle', hold: 'late', amount: 60 },
    0,
    { op: 'extend', hold: 'late', add: 0 },
  ],
  'a hold lapses at its time, not before': [
    { op: 'reserve', account: 'beta', amount: 400, ttl_s: 60, hold: 'h' },
    { op: 'extend', hold: 'h', ttl_s: 1 },
    59_999,
    { op: 'reserve', account: 'beta', amount: 1 },
    { op: 'extend', hold: 'h', ttl_s: 1 },
    1,
    { op: 'reserve', account: 'beta', amount: 1 },
    999,
    { op: 'reserve', account: 'beta', amount: 1 },
  ],
  'an alert comes at its threshold to the credit, once for a window and a limit': [
    {
      op: 'budget_set',
      account: 'alpha',
      name: 'cap',
      period: 'day',
      tz: 'Europe/Berlin',
      limit: 100,
      alert_bp: [5_000, 8_000, 12_000],
    },
    { op: 'charge', account: 'alpha', amount: 49 },
    { op: 'charge', account: 'alpha', amount: 1 },
    { op: 'charge', account: 'alpha', amount: 30 },
    { op: 'reserve', account: 'alpha', amount: 5, hold: 'h' },
    { op: 'settle', hold: 'h', amount: 40 },
    {
      op: 'budget_set',
      account: 'alpha',
      name: 'cap',
      period: 'day',
      tz: 'Europe/Berlin',
      limit: 200,
      alert_bp: [5_000, 8_000],
    },
    { op: 'charge', account: 'alpha', amount: 40 },
    {
      op: 'budget_set',
      account: 'alpha',
      name: 'cap',
      period: 'day',
      tz: 'Europe/Berlin',
      limit: 100,
      alert_bp: [5_000, 9_000],
    },
  ],
  'one charge over several thresholds raises each': [
    { op: 'budget_set', account: 'beta', name: 'new', period: 'total', limit: 100, alert_bp: [1, 5_000, 10_000] },
    { op: 'charge', account: 'beta', amount: 100 },
  ],
  'a budget that is removed keeps its terms: what is under way crosses the thresholds that were set': [
    { op: 'budget_set', account: 'beta', name: 'new', period: 'day', limit: 100, alert_bp: [5_000] },
    { op: 'reserve', account: 'beta', amount: 60, hold: 'h' },
    { op: 'budget_set', account: 'beta', name: 'new', period: 'day', limit: null, alert_bp: [1] },
    { op: 'settle', hold: 'h', amount: 60 },
  ],
  'a budget that comes back is shown by the refund of what its hold was charged before': [
    { op: 'reserve', account: 'beta', amount: 10, hold: 'h' },
    { op: 'capture', hold: 'h', amount: 4 },
    { op: 'budget_set', account: 'beta', name: 'new', period: 'day', limit: 100 },
    { op: 'budget_set', account: 'beta', name: 'new', period: 'day', limit: null },
    { op: 'budget_set', account: 'beta', name: 'new', period: 'day', limit: 100 },
    { op: 'refund', tx: 0, amount: 1 },
    0,
    { op: 'refund', tx: 0, amount: null },
  ],
  'a cap of nothing blocks, no cap allows': [
    { op: 'budget_set', account: 'beta', name: 'none', period: 'hour', limit: 0 },
    { op: 'reserve', account: 'beta', amount: 1, min: 1 },
    { op: 'charge', account: 'beta', amount: 1 },
    { op: 'budget_set', account: 'beta', name: 'none', period: 'hour', limit: null },
    { op: 'charge', account: 'beta', amount: 1 },
  ],
  'a frozen account neither spends nor receives, but what is under way ends': [
    { op: 'reserve', account: 'alpha', amount: 10, hold: 'h' },
    { op: 'reserve', account: 'alpha', amount: 10, hold: 'v' },
    { op: 'account_update', account: 'pool', status: 'frozen' },
    { op: 'reserve', account: 'alpha', amount: 1 },
    { op: 'charge', account: 'alpha', amount: 1 },
    0,
    { op: 'grant', account: 'alpha', amount: 1 },
    { op: 'transfer', from: 'solo', to: 'alpha', amount: 1 },
    { op: 'extend', hold: 'h', add: 1 },
    { op: 'extend', hold: 'h', add: 0 },
    0,
    { op: 'settle', hold: 'h', amount: 5 },
    { op: 'void', hold: 'v' },
    { op: 'account_update', account: 'pool', status: 'active' },
    { op: 'reserve', account: 'alpha', amount: 1 },
  ],
  'an account closes empty, for good': [
    { op: 'account_update', account: 'beta', status: 'closed' },
    { op: 'reserve', account: 'beta', amount: 100, hold: 'h' },
    { op: 'transfer', from: 'beta', to: 'pool', amount: 1_000, mode: 'up_to' },
    { op: 'account_update', account: 'beta', status: 'closed' },
    { op: 'void', hold: 'h' },
    { op: 'transfer', from: 'beta', to: 'pool', amount: 100 },
    { op: 'account_update', account: 'beta', status: 'closed' },
    { op: 'account_update', account: 'beta', status: 'active' },
    { op: 'grant', account: 'beta', amount: 1 },
  ],
  'overdraft that is in use cannot be taken away': [
    { op: 'charge', account: 'solo', amount: 60 },
    { op: 'account_update', account: 'solo', overdraft: 59 },
    { op: 'account_update', account: 'solo', overdraft: 60 },
    { op: 'charge', account: 'solo', amount: 1 },
  ],
}

describe.each(['alone', 'batched'] as const)('%s', (how) => {
  let ledger: LedgerUnderTest
  beforeAll(async () => {
    ledger = await openLedgerUnderTest('server')
  })
  afterAll(() => ledger[Symbol.asyncDispose]())

  test.each(Object.entries(scripts))('%s', async (_, steps) => {
    await followScript(ledger, steps, how)
  })
})
