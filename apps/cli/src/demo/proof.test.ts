import { expect, test } from 'vitest'
import { prove } from './proof.ts'

const pool = { granted: 100, spent: 60, held: 0, available: 40 }
const books = { charged: 60, lowestAvailable: 0 }

test('figures that agree are a proof', () => {
  expect(prove(pool, books, []).faults).toEqual([])
})

test.each([
  ['credits vanished', { ...pool, available: 39 }, books, [], 'is not granted'],
  ['a charge that no worker was answered', { ...pool, spent: 61, available: 39 }, books, [], 'workers were charged 60'],
  ['a hold that never ends', { ...pool, held: 1, available: 39 }, books, [], 'still held'],
  ['a debt at the end', { granted: 50, spent: 60, held: 0, available: -10 }, books, [], 'overspent'],
  ['a debt meanwhile', pool, { ...books, lowestAvailable: -1 }, [], 'overspent'],
  ['a violation', pool, books, [{ check: 'totals' }], 'the audit found 1'],
])('%s is no proof', (_, figures, own, violations, complaint) => {
  expect(prove(figures, own, violations).faults.join()).toContain(complaint)
})
