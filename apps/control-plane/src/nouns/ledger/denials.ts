import type { Denials } from '../../http/bound-route.ts'

/** The sentence for each denial of a ledger function. */
export const ledgerDenials: Denials = {
  insufficient_credits: ({ account, available, requested }) =>
    `${account} has ${available} micro-credits available; ${requested} were requested`,
  budget_exhausted: ({ budget, requested }) =>
    `the budget ${budget} has less left than the requested ${requested} micro-credits`,
  account_not_found: ({ account }) => `there is no account ${account}`,
  account_frozen: ({ account }) => `the account ${account} or one above it is frozen or closed`,
  hold_closed: ({ hold, holdStatus }) => `the hold ${hold} is ${holdStatus}`,
  over_capture: ({ hold, limit, requested }) =>
    `the hold ${hold} allows at most ${limit} micro-credits; ${requested} were to be settled`,
  lease_limit: ({ account, limit, requested }) =>
    `a lease on ${account} may take at most ${limit} micro-credits now; ${requested} were requested`,
  lease_gap: ({ seq, expected }) => `received report ${seq}, expected report ${expected}`,
  batch_denied: () => 'an operation was not accepted, so none was applied',
}
