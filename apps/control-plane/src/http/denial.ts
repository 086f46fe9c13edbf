import { isProblemCode, type ProblemCode } from '@core/api'
import { CoreError } from '@core/foundation'
import type { CoreAnswer, RouteAnswer } from './bound-route.ts'
import { toCamelCase } from './camel-case.ts'

/** An answer of core_api as an answer of a route: the success with this status, or the denial it tells of. */
export function toAnswer(status: number, answer: CoreAnswer): RouteAnswer {
  if (answer['ok'] === true) return { status, body: toCamelCase(answer) }
  // A hold's status is not the problem's.
  const { ok, code, status: holdStatus, ...rest } = answer
  const facts = holdStatus === undefined ? rest : { ...rest, holdStatus }
  if (!isProblemCode(code)) {
    throw new CoreError('E_INTERNAL', 'the database denied with a code this server does not know', {
      details: { code },
    })
  }
  return { problem: code, detail: describe(code, facts), facts: toFacts(facts) }
}

/** The denial for an account outside the path's project: exactly that of an account that does not exist. */
export function accountNotFound(account: string): RouteAnswer {
  return toAnswer(404, { ok: false, code: 'account_not_found', account })
}

/** Whether an account's code lies in a project: its first segment names it. */
export function isAccountOf(project: string, account: string): boolean {
  return account === project || account.startsWith(`${project}/`)
}

function toFacts(facts: CoreAnswer): CoreAnswer {
  return Object.fromEntries(Object.entries(Object(toCamelCase(facts))))
}

function describe(
  code: ProblemCode,
  { account, available, requested, limit, budget, hold, holdStatus, seq, expected }: CoreAnswer,
): string {
  switch (code) {
    case 'insufficient_credits':
      return `${account} has ${available} micro-credits available; ${requested} were asked for`
    case 'budget_exhausted':
      return `the budget ${budget} leaves less than the ${requested} micro-credits asked for`
    case 'account_not_found':
      return `there is no account ${account}`
    case 'account_frozen':
      return `the account ${account} or one above it is frozen or closed`
    case 'hold_closed':
      return `the hold ${hold} is ${holdStatus}`
    case 'over_capture':
      return `the hold ${hold} allows at most ${limit} micro-credits; ${requested} were to be settled`
    case 'lease_limit':
      return `a lease on ${account} may take at most ${limit} micro-credits now; ${requested} were asked for`
    case 'lease_gap':
      return `report ${seq} came where report ${expected} is expected`
    case 'batch_denied':
      return 'an operation was not accepted, so none was applied'
    default:
      return code
  }
}
