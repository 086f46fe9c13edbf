import type { DatabaseConfig } from '@core/database'
import { CoreError } from '@core/foundation'

/** One of three ways to reach the database; what is given here is used before the environment. */
export interface ConnectionOptions {
  /** Of a control plane, with `key`. `CORE_URL`. */
  readonly url?: string | undefined
  /** Of a project; a function is asked before each call. `CORE_KEY`. */
  readonly key?: string | (() => string | Promise<string>) | undefined
  /** postgres://…: the owner's trust, bound to the project. `CORE_DATABASE_URL`. */
  readonly databaseUrl?: string | undefined
  /** Of a Supabase project, with `supabaseKey`. `SUPABASE_URL`. */
  readonly supabaseUrl?: string | undefined
  /** A JWT of the role core_member with the claims `project`, `caps` and `sub`; a function is asked before each call. `CORE_SUPABASE_KEY`. */
  readonly supabaseKey?: string | (() => string | Promise<string>) | undefined
  /** The publishable or anon key of the Supabase project, which its gateway asks for. `SUPABASE_PUBLISHABLE_KEY`, `SUPABASE_ANON_KEY`. */
  readonly supabaseApiKey?: string | undefined
  readonly fetch?: typeof fetch | undefined
  /** Connections of `databaseUrl` at most. */
  readonly poolSize?: number | undefined
}

/** Where a control plane is. */
export interface ControlPlane {
  readonly url: string
  readonly key: NonNullable<ConnectionOptions['key']>
  readonly fetch?: typeof fetch | undefined
}

export interface Connection {
  readonly config: DatabaseConfig
  /** Undefined where the connection is one to a database. */
  readonly plane?: ControlPlane | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Which way a program connects; undefined where nothing names one. @throws CoreError E_CONFIG_INVALID for half a pair. */
export function chooseConnection(options: ConnectionOptions, env: Environment): Connection | undefined {
  // A database that the program itself names comes first, so that a forgotten variable redirects no call.
  const { url, key, databaseUrl } = options
  if (databaseUrl !== undefined && url === undefined && key === undefined) return choose(options)
  return choose(withEnvironment(options, env))
}

function choose(options: ConnectionOptions): Connection | undefined {
  const { url, key, databaseUrl, supabaseUrl, supabaseKey, supabaseApiKey, fetch, poolSize } = options
  const plane = toPair(url, key, ['url (CORE_URL)', 'key (CORE_KEY)'])
  if (plane) {
    const url = plane.url.replace(/\/+$/, '')
    return { config: { driver: 'http', ...plane, fetch }, plane: { ...plane, url, fetch } }
  }
  if (databaseUrl !== undefined) return { config: { driver: 'postgres', url: databaseUrl, poolSize } }
  // A URL of Supabase alone is in every shell of a project that uses Supabase for something else.
  if (supabaseKey === undefined) return undefined
  const supabase = toPair(supabaseUrl, supabaseKey, ['supabaseUrl (SUPABASE_URL)', 'supabaseKey (CORE_SUPABASE_KEY)'])
  return supabase && { config: { driver: 'http', ...supabase, apiKey: supabaseApiKey, fetch } }
}

type Key = NonNullable<ConnectionOptions['key']>

function toPair(url: string | undefined, key: Key | undefined, names: readonly [string, string]) {
  if (url === undefined && key === undefined) return undefined
  if (url !== undefined && key !== undefined) return { url, key }
  const [given, missing] = url === undefined ? [names[1], names[0]] : names
  throw new CoreError('E_CONFIG_INVALID', `${given} is set, and ${missing} is not`, {
    fix: `Set ${missing} as well, or remove ${given}.`,
    details: { reason: 'half_a_connection', missing },
  })
}

/** Empty variables count as unset. Half of a pair may be in the program: the key alone, from its own store of secrets. */
function withEnvironment(options: ConnectionOptions, env: Environment): ConnectionOptions {
  const read = (name: string) => env[name] || undefined
  const supabase = {
    supabaseUrl: options.supabaseUrl ?? read('SUPABASE_URL'),
    supabaseKey: options.supabaseKey ?? read('CORE_SUPABASE_KEY'),
    supabaseApiKey: options.supabaseApiKey ?? read('SUPABASE_PUBLISHABLE_KEY') ?? read('SUPABASE_ANON_KEY'),
  }
  // Supabase in the program, and not in its environment, is as much a choice as a control plane is.
  if (options.supabaseKey !== undefined && options.url === undefined && options.key === undefined) {
    return { ...options, ...supabase, databaseUrl: undefined }
  }
  return {
    ...options,
    ...supabase,
    url: options.url ?? read('CORE_URL'),
    key: options.key ?? read('CORE_KEY'),
    databaseUrl: options.databaseUrl ?? read('CORE_DATABASE_URL'),
  }
}

export function noConnection(): CoreError {
  return new CoreError('E_CONFIG_INVALID', 'nothing says where Core is', {
    fix:
      'Set CORE_URL and CORE_KEY (a control plane), CORE_DATABASE_URL (Postgres), or SUPABASE_URL and ' +
      'CORE_SUPABASE_KEY (Supabase). `npx core start` runs a control plane on this machine.',
    details: { reason: 'no_connection' },
  })
}
