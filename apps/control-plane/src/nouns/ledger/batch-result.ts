import type { BatchOperation } from '@core/api'
import { toDatabaseError } from '@core/database'
import { isObject } from '@core/foundation'
import { z } from 'zod'
import type { CoreAnswer, Denial } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { describeDenial, toDenial } from '../../http/denial.ts'
import { ofCoreError } from '../../http/problems.ts'
import { accountNotFound, isAccountOf } from './account-of-project.ts'
import { ledgerDenials } from './denials.ts'

const misuseSchema = z.object({
  code: z.string(),
  error: z.object({
    sqlstate: z.string(),
    message: z.string(),
    fix: z.string().nullish(),
    details: z.custom<Readonly<Record<string, unknown>>>(isObject).default({}),
  }),
})

export interface BatchPlace {
  readonly project: string
  readonly op: BatchOperation | undefined
  readonly index: number
}

/** The result of one operation of a batch, in the words of the route that does the same alone. */
export function readBatchResult(result: CoreAnswer, place: BatchPlace): unknown {
  if (result['ok'] === true) return toCamelCase(result)
  if (result['code'] === 'not_applied') {
    return { ok: false, code: 'not_applied', detail: 'another operation of the batch was not accepted' }
  }
  const misuse = misuseSchema.safeParse(result)
  return misuse.success ? refuse(misuse.data, place) : deny(toDenial(result))
}

function deny(denial: Denial): unknown {
  const { problem, facts } = denial
  return { ...facts, ok: false, code: problem, detail: describeDenial(denial, ledgerDenials) }
}

function refuse({ code, error }: z.output<typeof misuseSchema>, { project, op, index }: BatchPlace): unknown {
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
