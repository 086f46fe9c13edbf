import { expect, test } from 'vitest'
import { suggestName } from './suggest-name.ts'

const fields = ['account', 'amount', 'min', 'ttlSeconds', 'over', 'metadata', 'http.port', 'log.level', 'dataDir']

test.each([
  ['ammount', 'amount'],
  ['ttl_seconds', 'ttlSeconds'],
  ['metdata', 'metadata'],
  ['acocunt', 'account'],
  ['Amount', 'amount'],
  ['HTTP_PORT', 'http.port'],
  ['log.levle', 'log.level'],
])('%s probably means %s', (word, meant) => {
  expect(suggestName(word, fields)).toBe(meant)
})

test.each(['colour', 'x', '', 'database.url', 'a'.repeat(100_000)])('nothing is suggested for %.10s', (word) => {
  expect(suggestName(word, fields)).toBeUndefined()
})
