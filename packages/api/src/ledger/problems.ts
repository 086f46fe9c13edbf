import type { ProblemKind } from '../contract/problem-kind.ts'

/** What the ledger denies. Nothing was changed, and a later attempt with the same key may succeed. */
export const problems = {
  insufficient_credits: {
    status: 402,
    title: 'Not enough credits',
    retryable: false,
    remedy: 'available says what is left. Grant credits, settle or void open holds, or ask for less with min.',
    error: 'E_CONFLICT',
  },
  budget_exhausted: {
    status: 402,
    title: 'A budget of this period is used up',
    retryable: false,
    remedy: 'budgets says which one and when it resets. Wait, or raise the limit.',
    error: 'E_CONFLICT',
  },
  account_not_found: {
    status: 404,
    title: 'There is no such account',
    retryable: false,
    remedy: 'Open the account first, or check its code. An account of another project looks the same as none.',
    error: 'E_NOT_FOUND',
  },
  account_frozen: {
    status: 409,
    title: 'The account is frozen or closed',
    retryable: false,
    remedy: 'Open holds can still be settled. The owner can activate the account again.',
    error: 'E_CONFLICT',
  },
  hold_closed: {
    status: 409,
    title: 'The hold is closed',
    retryable: false,
    remedy: 'A hold is settled or voided once. Reserve again for further work.',
    error: 'E_CONFLICT',
  },
  over_capture: {
    status: 409,
    title: 'More than the hold allows',
    retryable: false,
    remedy: 'This hold was reserved with over = reject. Settle at most what is reserved.',
    error: 'E_CONFLICT',
  },
  lease_limit: {
    status: 409,
    title: 'More than one lease may take',
    retryable: false,
    remedy: 'limit says how much that is. Lease less, or ask the owner to raise lease_max_bp of the account.',
    error: 'E_CONFLICT',
  },
  lease_gap: {
    status: 409,
    title: 'A report is missing before this one',
    retryable: false,
    remedy: 'expected says which number comes next. Send the reports of a lease in order, from 1, without a gap.',
    error: 'E_CONFLICT',
  },
  batch_denied: {
    status: 409,
    title: 'An operation of an atomic batch was not accepted',
    retryable: false,
    remedy: 'results says which one and why. None of the others was applied.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
