import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, type Clock, type Logger, silentLogger, systemClock } from '@core/foundation'
import { type ManifestEntry, readManifest } from './manifest.ts'
import { createProjectPort } from './project-port.ts'
import { type JoinOptions, joinProject, type Member } from './session.ts'

export interface CoordinatorOptions {
  database: Pick<Database, 'rpc'>
  /** Whose sessions these are. Default: the project of the connection's credential. */
  project?: string | undefined
  /** Acts for this key or project; without claims, as the role of the database connection. */
  claims?: RpcOptions['claims']
  logger?: Logger | undefined
  clock?: Clock | undefined
  random?: (() => number) | undefined
}

/** What a project does together with its siblings. It owns nothing that has to be closed. */
export interface Coordinator {
  /** Opens a session for this process and keeps it alive until it is disposed. */
  join(options?: JoinOptions, callOptions?: CallOptions): Promise<Member>
  /** Every registered project and how it is doing. */
  manifest(options?: CallOptions): AsyncIterable<ManifestEntry>
}

export function createCoordinator({ project, claims, ...options }: CoordinatorOptions): Coordinator {
  const { logger = silentLogger, clock = systemClock, random = Math.random } = options
  const database = createProjectPort({ database: options.database, claims })
  const own = project ?? (claims?.role === 'core_member' ? claims.project : undefined)
  return {
    join: (joinOptions, callOptions) =>
      joinProject({ database, project: own, clock, logger, random }, joinOptions, callOptions),
    manifest: (callOptions) => readManifest(database, callOptions),
  }
}
