import { describe, expect, test } from 'vitest'
import type { Outcomes } from './outcome.ts'
import { toOutcome } from './to-outcome.ts'

const balance = { settled: 900, held: 40, available: 860, budgets: [] }
const accepted = { ok: true, tx: 7, replayed: false, ...balance }
const expires_at = '2026-06-01T12:02:00.123456+00:00'

const acceptances: Record<keyof Outcomes, [facts: object, outcome: object]> = {
  reserve: [
    { hold: 'h', granted: 40, expires_at },
    { status: 'reserved', hold: 'h', granted: 40, expiresAt: new Date('2026-06-01T12:02:00.123Z') },
  ],
  settle: [
    { hold: 'h', status: 'settled_late', charged: 4, released: 0, uncollected: 1, flags: ['late', 'uncollected'] },
    { status: 'settled_late', charged: 4, uncollected: 1, flags: ['late', 'uncollected'] },
  ],
  void: [
    { hold: 'h', status: 'voided', released: 40 },
    { status: 'voided', released: 40 },
  ],
  charge: [
    { account: 'a', charged: 4 },
    { status: 'charged', charged: 4 },
  ],
  extend: [
    { hold: 'h', granted: 4, amount: 44, expires_at },
    { status: 'extended', granted: 4, amount: 44, expiresAt: new Date('2026-06-01T12:02:00.123Z') },
  ],
  capture: [
    { hold: 'h', charged: 4, captured: 4, rest: 36 },
    { status: 'captured', charged: 4, captured: 4, rest: 36 },
  ],
  grant: [
    { account: 'a', amount: 4 },
    { status: 'granted', amount: 4 },
  ],
  transfer: [
    { from: 'a', to: 'b', moved: 4, to_balance: balance },
    { status: 'transferred', from: 'a', to: 'b', moved: 4 },
  ],
  refund: [
    { account: 'a', refunded: 4, refunds: 3, left: 0 },
    { status: 'refunded', refunded: 4, left: 0 },
  ],
}
const operations = Object.keys(acceptances) as (keyof Outcomes)[]

const thrown = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe.each(operations)('%s', (op) => {
  const [facts, outcome] = acceptances[op]

  test('accepted is an outcome with its facts and the balance', () => {
    expect(toOutcome(op, { ...accepted, ...facts })).toMatchObject({ ...outcome, ...balance, tx: 7, replayed: false })
    expect(toOutcome(op, { ...accepted, ...facts })).not.toHaveProperty('ok')
  })

  test.each(Object.keys({ ...accepted, ...facts }).filter((name) => name !== 'to_balance' && name !== 'refunds'))(
    'without %s is an answer this version does not know',
    (name) => {
      const answer = Object.fromEntries(Object.entries({ ...accepted, ...facts }).filter(([field]) => field !== name))
      expect(thrown(() => toOutcome(op, answer))).toMatchObject({ code: 'E_INTERNAL' })
    },
  )
})

describe('a denial', () => {
  test.each([
    [
      'charge',
      { code: 'insufficient_credits', account: 'a', requested: 5, ...balance },
      { status: 'insufficient_credits', account: 'a', requested: 5, ...balance },
    ],
    [
      'charge',
      { code: 'budget_exhausted', account: 'a', requested: 5, budget: 'daily', ...balance },
      { status: 'budget_exhausted', account: 'a', requested: 5, budget: 'daily', ...balance },
    ],
    ['charge', { code: 'account_not_found', account: 'a' }, { status: 'account_not_found', account: 'a' }],
    ['charge', { code: 'account_frozen', account: 'a', ...balance }, { status: 'account_frozen', account: 'a' }],
    [
      'settle',
      { code: 'hold_closed', account: 'a', hold: 'h', status: 'voided', ...balance },
      { status: 'hold_closed', hold: 'h', holdStatus: 'voided' },
    ],
    [
      'settle',
      { code: 'over_capture', account: 'a', hold: 'h', requested: 5, limit: 4, ...balance },
      { status: 'over_capture', hold: 'h', limit: 4 },
    ],
  ] as const)('of %s, %j, is an outcome', (op, answer, outcome) => {
    expect(toOutcome(op, { ok: false, ...answer })).toEqual(outcome)
  })

  test('of another operation is no outcome', () => {
    const answer = { ok: false, code: 'over_capture', account: 'a', hold: 'h', requested: 5, limit: 4, ...balance }
    expect(thrown(() => toOutcome('charge', answer))).toMatchObject({ code: 'E_INTERNAL' })
  })

  test('of a kind this version does not know is no outcome', () => {
    expect(thrown(() => toOutcome('charge', { ok: false, code: 'new_kind', account: 'a' }))).toMatchObject({
      code: 'E_INTERNAL',
    })
  })
})

describe('misuse inside a batch', () => {
  test.each([
    ['PT400', 'E_INVALID'],
    ['PT403', 'E_FORBIDDEN'],
    ['PT404', 'E_NOT_FOUND'],
    ['PT409', 'E_CONFLICT'],
    ['PT413', 'E_TOO_LARGE'],
    ['PT422', 'E_IDEMPOTENCY_MISMATCH'],
    ['22P02', 'E_INVALID'],
  ])('%s is thrown as %s, as it would be alone', (sqlstate, code) => {
    const details = { code: 'the_reason', field: 'amount' }
    const answer = { ok: false, code: 'the_reason', error: { sqlstate, message: 'no', fix: 'do', details } }
    expect(thrown(() => toOutcome('charge', answer))).toMatchObject({
      code,
      message: 'no',
      fix: 'do',
      details: { reason: 'the_reason', field: 'amount' },
    })
  })
})

test.each([null, 1, 'text', [], {}, { ok: true }])('%j is an answer this version does not know', (answer) => {
  expect(thrown(() => toOutcome('charge', answer))).toMatchObject({ code: 'E_INTERNAL' })
})
