import { inspect } from 'node:util'
import { CoreError } from '@core/foundation'
import type { z } from 'zod/mini'
import type { DatabaseDriver } from './database-driver.ts'
import type { configSchema } from './schema.ts'
import { redacted } from './secret.ts'

type DatabaseValues = z.output<typeof configSchema>['database']

/** How to open the database: fits `openDatabase` of @core/database as it is. */
export type DatabaseSettings = EmbeddedSettings | PostgresSettings | SupabaseSettings

export interface EmbeddedSettings {
  readonly driver: 'embedded'
  /** Absolute path of Core's folder; the database lives in `data` inside it. */
  readonly dataDir: string
  readonly timeoutMs: number
}

// The two below are classes because their secrets are accessors: a logger or a spread that copies an object's own
// properties does not see them, and the compiler knows that a spread loses them.

/** A Postgres server. `url` holds the password: it is read by name only, never printed or copied by a spread. */
export class PostgresSettings {
  readonly driver = 'postgres'
  readonly poolSize: number
  readonly timeoutMs: number
  readonly #url: string

  constructor(url: string, { poolSize, timeoutMs }: { poolSize: number; timeoutMs: number }) {
    this.#url = url
    this.poolSize = poolSize
    this.timeoutMs = timeoutMs
  }

  get url(): string {
    return this.#url
  }

  /** The URL shows host and database; user, password and parameters stay hidden. */
  toJSON(): object {
    const { protocol, host, pathname } = new URL(this.#url)
    return { ...this, url: `${protocol}//${redacted}@${host}${pathname}` }
  }

  [inspect.custom](): object {
    return this.toJSON()
  }
}

/** A Supabase project. `key` is read by name only, never printed or copied by a spread. */
export class SupabaseSettings {
  readonly driver = 'supabase'
  readonly url: string
  readonly timeoutMs: number
  readonly #key: string

  constructor(url: string, key: string, { timeoutMs }: { timeoutMs: number }) {
    this.url = url
    this.#key = key
    this.timeoutMs = timeoutMs
  }

  get key(): string {
    return this.#key
  }

  toJSON(): object {
    return { ...this, key: redacted }
  }

  [inspect.custom](): object {
    return this.toJSON()
  }
}

/** Builds the section from values the schema accepted and the driver that `chooseDriver` found no fault with. */
export function toDatabaseSettings(driver: DatabaseDriver, values: DatabaseValues, dataDir: string): DatabaseSettings {
  const { url, poolSize, timeoutMs, supabase } = values
  if (driver === 'embedded') return { driver, dataDir, timeoutMs }
  if (driver === 'postgres' && url) return new PostgresSettings(url, { poolSize, timeoutMs })
  if (driver === 'supabase' && supabase.url && supabase.serviceRoleKey) {
    return new SupabaseSettings(supabase.url, supabase.serviceRoleKey, { timeoutMs })
  }
  throw new CoreError('E_INTERNAL', `the driver ${driver} was chosen without the settings it needs`)
}
