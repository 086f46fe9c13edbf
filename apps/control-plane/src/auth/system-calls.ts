import type { RouteContext } from '../http/bound-route.ts'
import { notFound } from '../http/problem-error.ts'
import { isOwner } from './principal.ts'

type SystemCalls = Pick<RouteContext, 'principal' | 'rpcUnbound'>

/**
 * Calls outside every project that one scope allows: for credentials with that scope everywhere. For others the
 * resource does not exist.
 * @throws ProblemError not_found
 */
export function requireSystemScope({ principal, rpcUnbound }: SystemCalls): RouteContext['rpcUnbound'] {
  if (principal.project !== undefined) throw notFound()
  return rpcUnbound
}

/**
 * Calls that concern every project at once. Outside projects the database does not distinguish callers, so only the
 * owner may make them: a lesser credential could create a stronger key.
 * @throws ProblemError not_found
 */
export function requireOwner({ principal, rpcUnbound }: SystemCalls): RouteContext['rpcUnbound'] {
  if (!isOwner(principal)) throw notFound()
  return rpcUnbound
}
