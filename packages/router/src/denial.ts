import { isCoreError } from '@core/foundation'
import type { HoldWorkOutcome } from '@core/ledger'
import { GatewayError } from './gateway-error.ts'

export type Denial = Exclude<HoldWorkOutcome<never>, { status: 'done' | 'unsettled' }>

/** A refusal of the ledger, as the client reads it. */
export function toDenial(denial: Denial): GatewayError {
  switch (denial.status) {
    case 'insufficient_credits':
      return new GatewayError(
        'insufficient_credits',
        `the call may cost ${denial.requested} micro-credits, and ${denial.available} are available to ${denial.account}`,
      )
    case 'budget_exhausted':
      return new GatewayError(
        'budget_exhausted',
        `the call may cost ${denial.requested} micro-credits, more than is left of the budget ${denial.budget ?? ''} of ${denial.account}`,
      )
    case 'account_frozen':
      return new GatewayError('account_frozen', `the account ${denial.account} is frozen`)
    case 'account_not_found':
      return new GatewayError('account_not_found', `there is no account ${denial.account}`)
    default:
      return denial satisfies never
  }
}

/** Any failure, without what is the operator's to read. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (!isCoreError(error)) return new GatewayError('internal', 'the gateway failed')
  if (error.code === 'E_IDEMPOTENCY_MISMATCH') return usedKey()
  if (error.code === 'E_FORBIDDEN' || error.code === 'E_NOT_FOUND')
    return new GatewayError('account_not_found', 'there is no such account, or it is not visible to this credential')
  if (error.code === 'E_CONFLICT') return new GatewayError('conflict', error.message)
  if (error.code === 'E_INVALID') return new GatewayError('invalid_request', error.message)
  if (error.retryable || error.code.startsWith('E_DATABASE'))
    return new GatewayError('unavailable', 'the ledger cannot be reached', { retryAfterMs: 1_000, shouldRetry: true })
  return new GatewayError('internal', 'the gateway failed')
}

/** Whether a cheaper call might pass. */
export function isDenied({ status }: HoldWorkOutcome<unknown>): boolean {
  return status === 'insufficient_credits' || status === 'budget_exhausted'
}

/** The key has named a hold before. */
export function usedKey(): GatewayError {
  return new GatewayError(
    'conflict',
    'a call with this Idempotency-Key is in flight, or has ended and its answer is not kept: answers of streams, those of more than 256 KiB and those older than 24 hours are not. Send another key for another call.',
  )
}
