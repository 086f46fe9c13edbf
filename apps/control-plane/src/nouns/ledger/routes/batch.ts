import { runBatch } from '@core/api'
import { ledgerBatchJson } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toDenial } from '../../../http/denial.ts'
import { toBatchOperations } from '../batch-operation.ts'
import { readBatchResult } from '../batch-result.ts'

export const batchRoutes = [
  serve(runBatch, async ({ project, idempotencyKey, body: { ops, atomic }, call }) => {
    const answer = await call(ledgerBatchJson, { ops: toBatchOperations(ops, idempotencyKey), atomic })
    const results = answer.results.map((row, index) => readBatchResult(row, { project, op: ops[index], index }))
    if (answer.ok) return { status: 200, body: { results } }
    const { problem, facts } = toDenial(answer)
    return { problem, facts: { ...facts, results } }
  }),
]
