import type { BatchOperation } from '@core/api'
import { batchMisuse } from '@core/api/functions'
import { toDatabaseError } from '@core/database'
import { isObject } from '@core/foundation'
import type { z } from 'zod/mini'
import type { CoreAnswer, Denial } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { describeDenial, toDenial } from '../../http/denial.ts'
import { ofCoreError } from '../../http/problems.ts'
import { accountNotFound, isAccountOf } from './account-of-project.ts'
import { ledgerDenials } from './denials.ts'

type BatchMisuse = z.output<typeof batchMisuse>

export interface BatchPlace {
  readonly project: string
  readonly op: BatchOperation | undefined
  readonly index: number
}

/** The result of one operation of a batch, in the words of the route that does the same alone. */
export function readBatchResult(answer: unknown, place: BatchPlace): unknown {
  const result: CoreAnswer = isObject(answer) ? answer : {}
  if (result['ok'] === true) return toCamelCase(result)
  if (result['code'] === 'not_applied') {
    return { ok: false, code: 'not_applied', detail: 'another operation of the batch was not accepted' }
  }
  const misuse = batchMisuse.safeParse(result)
  return misuse.success ? refuse(misuse.data, place) : deny(toDenial(result))
}

function deny(denial: Denial): unknown {
  const { problem, facts } = denial
  return { ...facts, ok: false, code: problem, detail: describeDenial(denial, ledgerDenials) }
}

function refuse({ code, error }: BatchMisuse, { project, op, index }: BatchPlace): unknown {
  // An account of another project is answered like one that does not exist, here as everywhere.
  const foreign =
    code === 'forbidden_project' ? accountsOf(op).find((account) => !isAccountOf(project, account)) : undefined
  if (foreign !== undefined) return deny(accountNotFound(foreign))
  const { message, sqlstate, fix, details } = error
  const detail = JSON.stringify({ ...details, code })
  const problem = ofCoreError(toDatabaseError('ledger_batch', { code: sqlstate, message, hint: fix ?? null, detail }))
  const { errors = [], facts, ...rest } = problem
  return {
    ...facts,
    ...rest,
    ok: false,
    errors: errors.map((fault) => ({ ...fault, location: inBatch(fault.location, index) })),
  }
}

function accountsOf(op: BatchOperation | undefined): readonly string[] {
  if (op === undefined) return []
  if ('account' in op) return [op.account]
  return 'from' in op ? [op.from, op.to] : []
}

/** The fault of an operation, as a place in the batch. */
function inBatch(location: string, index: number): string {
  const field = location === 'header.Idempotency-Key' ? 'key' : location.replace(/^body\./, '')
  return `body.ops.${index}.${field}`
}
