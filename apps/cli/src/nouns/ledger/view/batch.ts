import type { BatchOperation } from '@core/api'
import { z } from 'zod'
import type { Session } from '../../../session.ts'
import { formatTable } from '../../../table.ts'

/** What every result of a batch may have; the fields of its route come besides. */
export const batchResults = z.array(
  z.looseObject({
    ok: z.boolean(),
    code: z.string().optional(),
    detail: z.string().optional(),
    tx: z.number().optional(),
    replayed: z.boolean().optional(),
    uncollected: z.number().optional(),
  }),
)
export type BatchResult = z.output<typeof batchResults>[number]

/** In the order in which an operation has them: what it did is the first that is there. */
const amounts = ['charged', 'granted', 'moved', 'refunded', 'released', 'amount'] as const

export function batchTable(
  results: readonly BatchResult[],
  ops: readonly Pick<BatchOperation, 'op'>[],
  { show }: Pick<Session, 'show'>,
): string {
  const rows = results.map((result, index) => ({ result, index, op: ops[index]?.op ?? '' }))
  return formatTable(rows, [
    { title: '#', align: 'right', cell: ({ index }) => String(index) },
    { title: 'OP', cell: ({ op }) => op },
    {
      title: 'RESULT',
      cell: ({ result }) => (result.ok ? (result.replayed ? 'replayed' : 'done') : (result.code ?? '')),
    },
    { title: 'AMOUNT', align: 'right', cell: ({ result }) => amountOf(result, show) },
    { title: 'UNCOLLECTED', align: 'right', cell: ({ result }) => uncollectedOf(result, show) },
    { title: 'HOLD', cell: ({ result }) => (typeof result['hold'] === 'string' ? result['hold'] : '') },
    { title: 'TX', align: 'right', cell: ({ result }) => (result.tx === undefined ? '' : String(result.tx)) },
    { title: 'WHY', cell: ({ result }) => result.detail ?? '' },
  ])
}

function uncollectedOf({ uncollected }: BatchResult, show: (micro: number) => string): string {
  return typeof uncollected === 'number' && uncollected > 0 ? show(uncollected) : ''
}

function amountOf(result: BatchResult, show: (micro: number) => string): string {
  if (!result.ok) return ''
  const value = amounts.map((name) => result[name]).find((each) => typeof each === 'number')
  return typeof value === 'number' ? show(value) : ''
}
