import { expect, test } from 'vitest'
import { usageCsv } from './usage-csv.ts'

const row = { start: '2026-11-20T00:00:00+00:00', charged: 5, refunded: 1, uncollected: 0, charges: 2 }
const header = 'start,user,charged,refunded,uncollected,charges\r\n'
const fieldOf = (value: string | null) =>
  usageCsv({ by: ['user'], usage: [{ ...row, group: [value] }] }).slice(header.length)

test('one line per group, below a line with the names', () => {
  expect(usageCsv({ by: ['model', 'user'], usage: [{ ...row, group: ['large', 'ann'] }] })).toBe(
    'start,model,user,charged,refunded,uncollected,charges\r\n2026-11-20T00:00:00+00:00,large,ann,5,1,0,2\r\n',
  )
  expect(usageCsv({ by: [], usage: [] })).toBe('start,charged,refunded,uncollected,charges\r\n')
})

test.each([
  [null, ''],
  ['Ann, "the" boss', '"Ann, ""the"" boss"'],
  ['two\r\nlines', '"two\r\nlines"'],
])('quotes %j as RFC 4180 says', (value, field) => {
  expect(fieldOf(value)).toBe(`2026-11-20T00:00:00+00:00,${field},5,1,0,2\r\n`)
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '  =1', '\r=1', '|calc', '＝1'])(
  'a value that a spreadsheet would run is a text: %j',
  (value) => {
    expect(fieldOf(value)).toContain(`"'${value}"`)
  },
)

test('a name of a key is guarded like a value', () => {
  expect(usageCsv({ by: ['=cmd'], usage: [] })).toBe('start,"\'=cmd",charged,refunded,uncollected,charges\r\n')
})
