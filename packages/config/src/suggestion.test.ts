import { expect, test } from 'vitest'
import { suggestName } from './suggestion.ts'

const names = new Map(['http.host', 'http.port', 'dataDir', 'log.level'].map((name) => [name, name]))

test.each([
  ['http.prot', 'http.port'],
  ['HTTP_PORT', 'http.port'],
  ['datadir', 'dataDir'],
  ['loglevel', 'log.level'],
  ['log.levle', 'log.level'],
])('%s means %s', (misspelt, meant) => {
  expect(suggestName(misspelt, names)).toBe(meant)
})

test.each(['x', 'colour', 'database.url'])('%s means nothing known', (misspelt) => {
  expect(suggestName(misspelt, names)).toBeUndefined()
})
