import { roleScopes } from '@core/api'
import type { Claims, Database, RpcOptions } from '@core/database'

/** The owner's connection, bound to a project: it may do there what the project's owner may, and nothing elsewhere. */
export function bindToProject(database: Database, project: string): Database {
  const claims: Claims = { role: 'core_member', project, caps: roleScopes.owner, sub: `sdk:${project}` }
  // A noun without claims passes `claims: undefined`, which must not make the call the owner's.
  const bound = (options?: RpcOptions): RpcOptions => ({ ...options, claims: options?.claims ?? claims })
  return {
    driver: database.driver,
    rpc: (name, args, options) => database.rpc(name, args, bound(options)),
    call: (name, args, options) => database.call(name, args, bound(options)),
    listen: (channel, onHint, options) => database.listen(channel, onHint, options),
    health: (options) => database.health(options),
    load: () => database.load(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  }
}
