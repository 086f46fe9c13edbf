import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { withSession } from '../sql-session.ts'
import { STATUS_TIMEOUT_MS } from './migrate-status.ts'

/** Minutes ahead of UTC at each of the times that were asked about, by time zone. A zone that the server lacks is not there. */
export type ZoneOffsets = ReadonlyMap<string, readonly number[]>

/** What the server's time zone data says: a server may be years older than Node. Changes nothing. */
export async function inspectZones(
  database: Database,
  zones: readonly string[],
  times: readonly Date[],
  options: CallOptions = {},
): Promise<ZoneOffsets> {
  using deadline = startDeadline('inspect time zones', options, STATUS_TIMEOUT_MS)
  const rows = await withSession(
    database,
    (session) =>
      session.query(
        `select z.name, pg_catalog.jsonb_agg(
           (extract(epoch from (t.at::timestamptz at time zone z.name) - (t.at::timestamptz at time zone 'UTC')) / 60)::int
           order by t.place)::text as minutes
         from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as z (name)
         cross join pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) with ordinality as t (at, place)
         where z.name in (select name from pg_catalog.pg_timezone_names)
         group by z.name`,
        [JSON.stringify(zones), JSON.stringify(times)],
      ),
    deadline,
  )
  return new Map(rows.map((row) => [String(row['name']), toNumbers(row['minutes'])]))
}

function toNumbers(text: string | null | undefined): number[] {
  const list: unknown = JSON.parse(text ?? '[]')
  return Array.isArray(list) ? list.map(Number) : []
}
