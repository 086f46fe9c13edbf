import type { RouteContext } from './bound-route.ts'
import { notFound } from './problem-error.ts'

/**
 * The door for what is no project's: only the owner acts on it, whatever a project's key may do in its own.
 * @throws ProblemError not_found for everybody else.
 */
export function wholeSystem({
  principal,
  rpcUnbound,
}: Pick<RouteContext, 'principal' | 'rpcUnbound'>): RouteContext['rpcUnbound'] {
  if (principal.project !== undefined) throw notFound()
  return rpcUnbound
}
