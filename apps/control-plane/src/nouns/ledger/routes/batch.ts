import { runBatch } from '@core/api'
import type { CoreAnswer } from '../../../http/bound-route.ts'
import { serve } from '../../../http/bound-route.ts'
import { toDenial } from '../../../http/denial.ts'
import { toBatchOperations } from '../batch-operation.ts'
import { readBatchResult } from '../batch-result.ts'

export const batchRoutes = [
  serve(runBatch, async ({ project, idempotencyKey, body: { ops, atomic }, rpc }) => {
    const answer = await rpc('ledger_batch_json', { p_ops: toBatchOperations(ops, idempotencyKey), p_atomic: atomic })
    const rows: readonly CoreAnswer[] = Array.isArray(answer['results']) ? answer['results'] : []
    const results = rows.map((row, index) => readBatchResult(row, { project, op: ops[index], index }))
    if (answer['ok'] === true) return { status: 200, body: { results } }
    const { problem, facts } = toDenial(answer)
    return { problem, facts: { ...facts, results } }
  }),
]
