import type { ErrorCode } from '@core/foundation'
import { z } from 'zod'
import { problems } from '../nouns.ts'

export type ProblemCode = keyof typeof problems

export function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === 'string' && Object.hasOwn(problems, value)
}

/** The problem each failure becomes. The compiler sees to it that no code is forgotten. */
export const problemOfError: Readonly<Record<ErrorCode, ProblemCode>> = {
  E_INVALID: 'invalid',
  E_UNAUTHENTICATED: 'unauthenticated',
  E_FORBIDDEN: 'forbidden',
  E_NOT_FOUND: 'not_found',
  E_CONFLICT: 'conflict',
  E_PRECONDITION_FAILED: 'precondition_failed',
  E_TOO_LARGE: 'too_large',
  E_IDEMPOTENCY_MISMATCH: 'idempotency_mismatch',
  E_RATE_LIMITED: 'rate_limited',
  E_TIMEOUT: 'timeout',
  E_ABORTED: 'unavailable',
  E_DATABASE_UNAVAILABLE: 'unavailable',
  E_DATABASE_BUSY: 'unavailable',
  E_DATABASE_SCHEMA: 'database_schema',
  E_ISSUER_UNAVAILABLE: 'unavailable',
  E_DATABASE_LOCKED: 'unavailable',
  E_LEASE_JOURNAL: 'internal',
  E_LEASE_LOCKED: 'unavailable',
  E_LOAD_FAILED: 'unavailable',
  E_PROVIDER: 'unavailable',
  E_CONFIG_INVALID: 'internal',
  E_CLOSED: 'unavailable',
  E_INTERNAL: 'internal',
}

/** One fault of the input: where, what, and what would be right. */
export const faultSchema = z
  .object({
    location: z.string().describe('body.amount, query.limit, path.id, header.Idempotency-Key'),
    message: z.string().describe('What is wrong'),
    fix: z.string().optional().describe('What to do about it'),
  })
  .meta({ id: 'Fault' })
export type Fault = z.output<typeof faultSchema>

/** The body of every answer that is not a success. Further members are facts of the code, such as `available`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('The page about this code, relative to the server'),
    title: z.string(),
    status: z.int().min(400).max(599).describe('The HTTP status'),
    detail: z.string().describe('What went wrong this time, for people'),
    instance: z.string().describe('The id of the request, also in the log and in X-Request-Id'),
    code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]).describe('Match on this'),
    errors: z.array(faultSchema).describe('Each fault of the input'),
    retryable: z.boolean(),
    reason: z.string().optional().describe('A finer code within the code'),
    fix: z.string().optional().describe('What the caller can do about it'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })
export type Problem = z.output<typeof problemSchema>
