import type { RouteContext } from './bound-route.ts'

/** For what is the fleet's: a user of several projects reads it as one of them, for it is the same for all but the figures. */
export function callForFleet({
  principal: { project, roles },
  rpc,
  rpcUnbound,
  within,
}: RouteContext): RouteContext['rpc'] {
  if (project === undefined) return rpcUnbound
  const [first] = [...(roles?.keys() ?? [])].filter((name) => name !== null)
  return project === '' && first !== undefined ? within(first) : rpc
}
