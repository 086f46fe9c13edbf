import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { withSession } from '../sql-session.ts'
import { listWrongSettings, type WrongSetting } from './inspect-settings.ts'
import { STATUS_TIMEOUT_MS } from './migrate-status.ts'

export interface ServerFacts {
  /** Milliseconds since the epoch by the server's clock, as it was somewhere between asking and answering. */
  nowMs: number
  /** Of the extensions that were asked for: the version the server offers, or undefined where it has none. */
  extensions: Readonly<Record<string, string | undefined>>
  /** Settings with which Core gives wrong answers; a start refuses them. */
  wrongSettings: readonly WrongSetting[]
  /** Settings with which a crash of the server loses what was acknowledged, as `fsync = off`. */
  lossySettings: readonly string[]
  /** Settings with which the room of deleted rows is never used again, as `autovacuum = off`. */
  growingSettings: readonly string[]
}

const upkeep: ReadonlySet<string | null | undefined> = new Set(['autovacuum', 'track_counts'])

/** What a person who looks for a fault wants to know of the server behind a database. Changes nothing. */
export async function inspectServer(
  database: Database,
  extensions: readonly string[],
  options: CallOptions = {},
): Promise<ServerFacts> {
  using deadline = startDeadline('inspect server', options, STATUS_TIMEOUT_MS)
  return withSession(
    database,
    async (session) => {
      const [clock] = await session.query(`select (extract(epoch from clock_timestamp()) * 1000)::text as now`)
      const offered = await session.query(
        `select name, default_version from pg_catalog.pg_available_extensions
         where name in (select jsonb_array_elements_text($1::jsonb))`,
        [JSON.stringify(extensions)],
      )
      const versions = new Map(offered.map((row) => [row['name'], row['default_version'] ?? undefined]))
      const off = await session.query(
        `select name, name || ' = off' as setting from pg_catalog.pg_settings
         where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts') and setting = 'off'
         order by name`,
      )
      const { growing = [], lossy = [] } = Object.groupBy(off, ({ name }) => (upkeep.has(name) ? 'growing' : 'lossy'))
      return {
        wrongSettings: await listWrongSettings(session),
        lossySettings: lossy.map(({ setting }) => String(setting)),
        growingSettings: growing.map(({ setting }) => String(setting)),
        nowMs: Number(clock?.['now']),
        extensions: Object.fromEntries(extensions.map((name) => [name, versions.get(name)])),
      }
    },
    deadline,
  )
}
