import type { RouteFault } from '@core/router'
import { ProblemError } from '../../http/problem-error.ts'

/** @throws ProblemError for targets that no call can reach: a route is not kept whose first call would find that out. */
export function requireReachable(faults: readonly RouteFault[]): void {
  const [first] = faults
  if (first === undefined) return
  const locationOf = ({ index, what }: RouteFault) => `body.targets.${index}.${what}`
  throw new ProblemError('invalid', `${locationOf(first)}: ${first.message}. ${first.fix}`, {
    errors: faults.map((fault) => ({ location: locationOf(fault), message: fault.message, fix: fault.fix })),
  })
}
