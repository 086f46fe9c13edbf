import { expect, test } from 'vitest'
import { suggest } from './suggestion.ts'

const fields = ['account', 'amount', 'min', 'ttlSeconds', 'over', 'metadata']

test.each([
  ['ammount', 'amount'],
  ['ttl_seconds', 'ttlSeconds'],
  ['metdata', 'metadata'],
  ['acocunt', 'account'],
  ['Amount', 'amount'],
])('%s probably means %s', (word, meant) => {
  expect(suggest(word, fields)).toBe(meant)
})

test.each(['colour', 'x', '', 'a'.repeat(100_000)])('nothing is suggested for %.10s', (word) => {
  expect(suggest(word, fields)).toBeUndefined()
})
