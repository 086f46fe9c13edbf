import { type AcceptedOf, callable, manifestRead } from '@core/api/functions'
import type { Database } from '@core/database'
import type { CallOptions } from '@core/foundation'

/** How a project is doing, by the live sessions of its processes. */
export interface ManifestEntry {
  readonly project: string
  /** What its newest process runs, else what the project says. */
  readonly version: string | null
  readonly capabilities: readonly unknown[]
  /** That of its best live session; `offline` without any. */
  readonly status: 'starting' | 'online' | 'degraded' | 'maintenance' | 'offline'
  /** When this status was first seen; null: a moment ago. */
  readonly since: Date | null
  readonly lastBeatAt: Date | null
  /** Live sessions. */
  readonly sessions: number
  /** Sums of the sessions and the worst p95; null for another project's credential. */
  readonly figures: {
    readonly hung: number
    readonly requests: number
    readonly errors: number
    readonly p95Ms: number | null
    readonly backlog: number
  } | null
}

const pageSize = 1_000

/** Every registered project, by name, page by page. */
export async function* readManifest(
  database: Pick<Database, 'rpc'>,
  options?: CallOptions,
): AsyncGenerator<ManifestEntry> {
  const read = callable(database, manifestRead)
  for (let after: string | undefined; ; ) {
    const page: AcceptedOf<typeof manifestRead> = await read({ after, limit: pageSize }, options)
    yield* page.projects.map(toEntry)
    if (page.next === null) return
    after = page.next
  }
}

function toEntry({
  since,
  last_beat_at,
  figures,
  ...rest
}: AcceptedOf<typeof manifestRead>['projects'][number]): ManifestEntry {
  const times = { since: toDate(since), lastBeatAt: toDate(last_beat_at) }
  if (figures === null) return { ...rest, ...times, figures }
  const { p95_ms, ...sums } = figures
  return { ...rest, ...times, figures: { ...sums, p95Ms: p95_ms } }
}

function toDate(instant: string | null): Date | null {
  return instant === null ? null : new Date(instant)
}
