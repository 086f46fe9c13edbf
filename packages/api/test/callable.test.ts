import { expect, test } from 'vitest'
import { callable, ledgerBudgetSet, ledgerVoid } from '../src/functions.ts'

const balance = { settled: 1, held: 0, available: 1, budgets: [] }
const voided = { ok: true, tx: 1, replayed: false, ...balance, status: 'voided', hold: 'h', released: 1 }

test('arguments get the names of the database, and what is left out is not sent', async () => {
  const sent: unknown[] = []
  const rpc = async (...call: unknown[]) => {
    sent.push(call)
    return { ok: false, code: 'account_not_found', account: 'a' }
  }
  const options = { timeoutMs: 5 }
  const input = { key: 'k', account: 'a', budget: 'daily', period: 'day', limit: null, timeZone: 'UTC' } as const
  await callable({ rpc }, ledgerBudgetSet)({ ...input, ifMatch: ['x'], floor: undefined }, options)
  const args = { p_key: 'k', p_account: 'a', p_name: 'daily', p_period: 'day', p_limit: null, p_tz: 'UTC' }
  expect(sent).toEqual([['ledger_budget_set', { ...args, p_if_match: ['x'] }, options]])
  expect(Object.keys(Object(sent).at(0)[1])).not.toContain('p_floor')
})

test('an answer is given as it came, also with fields that this version does not know', async () => {
  const answer = { ...voided, colour: 'red' }
  const answered = await callable({ rpc: async () => answer }, ledgerVoid)({ key: 'k', hold: 'h' })
  expect(answered).toBe(answer)
})

test('a denial is an answer', async () => {
  const denial = { ok: false, code: 'hold_closed', account: 'a', hold: 'h', status: 'settled', ...balance }
  const answered = await callable({ rpc: async () => denial }, ledgerVoid)({ key: 'k', hold: 'h' })
  expect(answered).toBe(denial)
})

test.each([
  null,
  'text',
  [],
  { ...voided, released: '1' },
  { ...voided, status: 'settled' },
  { ok: false, code: 'account_not_found', account: 'a' },
])('%j is an answer of another version, and the error says what to do', async (answer) => {
  const call = callable({ rpc: async () => answer }, ledgerVoid)({ key: 'k', hold: 'h' })
  await expect(call).rejects.toMatchObject({
    code: 'E_INTERNAL',
    message: 'ledger_void answered in a form that this version of Core does not know',
    fix: 'Upgrade the @core packages or run `core migrate up`.',
    cause: { issues: expect.anything() },
  })
})

test('an error of the database passes', async () => {
  const error = new Error('away')
  const call = callable({ rpc: () => Promise.reject(error) }, ledgerVoid)({ key: 'k', hold: 'h' })
  await expect(call).rejects.toBe(error)
})
