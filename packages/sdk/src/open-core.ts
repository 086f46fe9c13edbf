import type { FlagDeclarations } from '@core/config/flags'
import { type Database, openDatabase } from '@core/database'
import { type Clock, CoreError, type Logger, silentLogger, systemClock } from '@core/foundation'
import { createBreaker } from './breaker.ts'
import { checkConnection } from './check-connection.ts'
import {
  type Connection,
  type ConnectionOptions,
  chooseConnection,
  type Environment,
  noConnection,
} from './choose-connection.ts'
import type { Core, CoreOptions } from './core.ts'
import { createCore } from './create-core.ts'
import { detectRuntime, type Runtime } from './runtime.ts'

/**
 * Opens Core for a project. Where to find it comes from the options, the environment, or the profile of the command `core`.
 * @throws CoreError E_CONFIG_INVALID where nothing or half of it is said, E_UNAUTHENTICATED, E_FORBIDDEN or
 * E_DATABASE_SCHEMA for a key or a database that cannot serve, E_DATABASE_UNAVAILABLE only with `require: 'live'`.
 */
export async function openCore<const Declarations extends FlagDeclarations = Readonly<Record<never, never>>>(
  options: CoreOptions<Declarations>,
): Promise<Core<Declarations>> {
  const { project, env = readEnvironment(), clock = systemClock, random = Math.random } = options
  const logger = (options.logger ?? silentLogger).child({ component: 'sdk', project })
  const runtime = options.runtime ?? detectRuntime(env)
  requireDisk(runtime, options)
  const { database: raw, plane } = await open({ ...options, env, runtime, logger, clock })
  const breaker = createBreaker({ database: raw, clock, logger, random, onChange: () => made.changed() })
  const made = createCore<Declarations>({ ...options, project, env, clock, random, logger, runtime, breaker, plane })
  try {
    const cause = await checkConnection(raw, project, {
      timeoutMs: options.timeoutMs ?? (options.require === 'live' ? 10_000 : 5_000),
      signal: options.signal,
    })
    if (cause && options.require === 'live') throw cause
    // One that is slow may answer the next call.
    if (cause?.code === 'E_DATABASE_UNAVAILABLE') breaker.open(cause)
    await made.start()
    return made.core
  } catch (error) {
    await made.core.close()
    throw error
  }
}

/** The disk of a function or a worker ends with it, and what was acknowledged would be lost. */
function requireDisk(runtime: Runtime, { lease, outbox }: Pick<CoreOptions, 'lease' | 'outbox'>): void {
  if (runtime === 'server' || (lease === undefined && outbox === undefined)) return
  throw new CoreError('E_CONFIG_INVALID', `a ${runtime} has no disk for a lease or an outbox`, {
    fix: "Leave them out, or pass runtime: 'server' where the file is on a volume that outlives the process.",
  })
}

interface Opened extends Pick<Connection, 'plane'> {
  readonly database: Database
}

interface OpenOptions extends ConnectionOptions {
  readonly project: string
  readonly env: Environment
  readonly runtime: Runtime
  readonly logger: Logger
  readonly clock: Clock
}

async function open({ project, env, runtime, logger, clock, ...options }: OpenOptions): Promise<Opened> {
  if (!/^[a-z][a-z0-9_]{0,49}$/.test(project)) {
    throw new CoreError('E_INVALID', `${JSON.stringify(project)} cannot name a project`, {
      fix: 'Use 1 to 50 lowercase letters, digits and _ beginning with a letter.',
      details: { field: 'project' },
    })
  }
  const connection = chooseConnection(options, env) ?? (await fromProfile(runtime, env))
  if (connection === undefined) throw noConnection()
  const { config, plane } = connection
  if (config.driver !== 'postgres') return { database: await openDatabase(config, { logger, clock }), plane }
  const { bindToProject } = await import('./member-claims.ts')
  const poolSize = config.poolSize ?? (runtime === 'function' ? 1 : undefined)
  return { database: bindToProject(await openDatabase({ ...config, poolSize }, { logger, clock }), project) }
}

/** A person's, so only where a person's programs run. */
async function fromProfile(runtime: Runtime, env: Environment) {
  if (runtime !== 'server') return undefined
  const { readProfile } = await import('./read-profile.ts')
  const profile = await readProfile(env)
  return profile && chooseConnection(profile, {})
}

function readEnvironment(): Environment {
  return typeof process === 'undefined' ? {} : process.env
}
