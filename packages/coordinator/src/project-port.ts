import type { Database, RpcOptions } from '@core/database'

export interface ProjectPortOptions {
  readonly database: Pick<Database, 'rpc'>
  /** Acts for this key or project; without claims, as the role of the database connection. */
  readonly claims?: RpcOptions['claims']
}

/** The database with the claims of one credential on each call. */
export function createProjectPort({ database, claims }: ProjectPortOptions): Pick<Database, 'rpc'> {
  if (claims === undefined) return database
  return { rpc: (name, args, options) => database.rpc(name, args, { ...options, claims }) }
}
