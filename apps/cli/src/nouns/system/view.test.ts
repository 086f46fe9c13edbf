import { getBottlenecks, getSystemInfo } from '@core/api'
import { expect, test } from 'vitest'
import { bottlenecksText, systemInfoText } from './view.ts'

const info = getSystemInfo.outputs[200].parse(getSystemInfo.examples[0]?.response)
const slow = getBottlenecks.outputs[200].parse(getBottlenecks.examples[0]?.response)

test('what runs, what is switched on and what is not', () => {
  expect(systemInfoText(info)).toBe(`\
core        0.2.0 on Node v24.0.0
database    embedded, Postgres 18.3
migrations  10 applied, the newest is 20261120008100
pending     none
started     2026-11-20T09:30:00.000+00:00, 1 h ago
on          restRpc, sealing
off         metrics, rebalancing, tracing`)
})

test('migrations that are not applied are named', () => {
  const schema = { ...info.schema, pending: ['20261120001360', '20261120001370'] }
  expect(systemInfoText({ ...info, schema })).toMatch(/^pending +20261120001360, 20261120001370$/m)
})

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [61, '1 min 1 s'],
  [3605, '1 h'],
  [93_784, '1 d 2 h'],
])('%d seconds are %s', (uptimeSeconds, text) => {
  expect(systemInfoText({ ...info, uptimeSeconds })).toContain(`, ${text} ago\n`)
})

test('what is too slow comes first with what fixes it, the figures follow', () => {
  expect(bottlenecksText(slow)).toBe(`\
too slow in the last 5 min, by how much:

2.2x  the connections of the database
  A call waits 44 ms for its turn; 12 wait now, 10 run.
  fix: Make the slow functions below faster, or raise CORE_DATABASE_POOL_SIZE above 10.

ROUTE                              COUNT  FAILED  TOTAL MS  P50  P95  P99   MAX
POST /v1/projects/{project}/holds   1200       0      2600  1.9  4.1  9.8  21.0

FUNCTION        COUNT  FAILED  TOTAL MS  P50  P95  P99   MAX
ledger_reserve   1200       0      2600  1.9  4.1  9.8  21.0

WAITED FOR                               COUNT  TOTAL MS   P50   P95   P99   MAX
a connection (10 of 10 in use, 12 wait)   1200     21000  12.0  44.0  61.0  80.0
the event loop                            3000       900   0.2   1.1   4.2  12.0`)
})

test('where nothing is too slow and nothing ran yet, it says so', () => {
  const text = bottlenecksText({ ...slow, bottlenecks: [], routes: [], functions: [] })
  expect(text).toMatch(/^nothing was too slow in the last 5 min\n\nWAITED FOR /)
})
