import { expect, test } from 'vitest'
import { readTraceParent } from './trace-parent.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'

test.each([
  [`00-${traceId}-${parentId}-01`, true],
  [`00-${traceId}-${parentId}-00`, false],
  [`00-${traceId}-${parentId}-03`, true],
  [`cc-${traceId}-${parentId}-01-what-the-future-will-be-like`, true],
])('%s is understood', (header, isSampled) => {
  expect(readTraceParent(header)).toEqual({ traceId, parentId, isSampled })
})

test.each([
  undefined,
  '',
  ['00', traceId],
  `00-${traceId}-${parentId}`,
  `00-${traceId}-${parentId}-01-more`,
  `ff-${traceId}-${parentId}-01`,
  `00-${traceId.toUpperCase()}-${parentId}-01`,
  `00-${'0'.repeat(32)}-${parentId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId} -${parentId}-01`,
  'x'.repeat(10_000),
])('%j counts as not sent', (header) => {
  expect(readTraceParent(header)).toBeUndefined()
})
