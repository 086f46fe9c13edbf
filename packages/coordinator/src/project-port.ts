import type { Database, RpcOptions } from '@core/database'

/** Calls, and hints where the connection can give them. */
export type ProjectPort = Pick<Database, 'rpc'> & Partial<Pick<Database, 'listen'>>

export interface ProjectPortOptions {
  readonly database: ProjectPort
  /** Acts for this key or project; without claims, as the role of the database connection. */
  readonly claims?: RpcOptions['claims']
}

/** The database with the claims of one credential on each call. */
export function createProjectPort({ database, claims }: ProjectPortOptions): ProjectPort {
  if (claims === undefined) return database
  const { listen } = database
  return {
    rpc: (name, args, options) => database.rpc(name, args, { ...options, claims }),
    ...(listen === undefined ? {} : { listen: listen.bind(database) }),
  }
}
