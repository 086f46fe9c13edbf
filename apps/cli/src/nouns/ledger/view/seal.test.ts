import { expect, test } from 'vitest'
import { rebalanceTable, sealText, verificationText } from './seal.ts'

const badBlock = { id: 7, firstTx: 1, lastTx: 9, sealedAt: '2026-11-20T09:30:00+00:00', fault: 'its rows differ' }

test('a broken chain names the block and what does not fit', () => {
  const text = verificationText({ valid: false, blocks: 6, badBlock })
  expect(text).toContain('BROKEN')
  expect(text).toContain('7, transactions 1 to 9')
  expect(text).toContain('its rows differ')
  expect(verificationText({ valid: true, blocks: 2, transactions: 9, head: 'ab', lastTx: 9 })).toContain('intact')
})

test('a seal shows how far it reaches, or that nothing was left', () => {
  expect(sealText({ sealed: 3, lastTx: 9, hash: 'ab' })).toContain('3 transactions, up to 9')
  expect(sealText({ sealed: 0 })).toBe('nothing was left to seal')
  expect(sealText({ sealed: 0, busy: true })).toContain('another one')
})

test('moves of cap are a table, none a sentence', () => {
  const moves = [{ account: 'painter', from: 10, to: 14, moved: 4 }]
  expect(rebalanceTable(moves, { show: String })).toMatch(/painter +10 +14 +4/)
  expect(rebalanceTable([], { show: String })).toBe('nothing to move')
})
