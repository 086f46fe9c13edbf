import type { RouteContext } from '../http/bound-route.ts'
import { notFound } from '../http/problem-error.ts'
import { isOwner } from './principal.ts'

type SystemCalls = Pick<RouteContext, 'principal' | 'rpcUnbound'>

/**
 * The door for what is no project's and one scope allows by itself: whoever has that scope everywhere may pass. To the
 * others it does not exist.
 * @throws ProblemError not_found
 */
export function requireSystemScope({ principal, rpcUnbound }: SystemCalls): RouteContext['rpcUnbound'] {
  if (principal.project !== undefined) throw notFound()
  return rpcUnbound
}

/**
 * The door for what concerns every project at once. Beyond projects nothing in the database tells one caller from
 * another, so only who may do everything gets there: whoever had less could make a key with more.
 * @throws ProblemError not_found
 */
export function requireOwner({ principal, rpcUnbound }: SystemCalls): RouteContext['rpcUnbound'] {
  if (!isOwner(principal)) throw notFound()
  return rpcUnbound
}
