import { type AcceptedOf, callable, manifestPlace, manifestRead } from '@core/api/functions'
import type { Database } from '@core/database'
import type { CallOptions } from '@core/foundation'
import type { HealthFactor, HealthScore } from './health-score.ts'

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
  /** 0 to 100; null: no process of it was ever seen. */
  readonly score: number | null
  /** The factor that costs most; null: nothing is short. */
  readonly worst: HealthFactor | null
  /** null: of another project that does not share them (kind `health`, name `figures`). */
  readonly figures: ProjectFigures | null
}

/** Sums of the sessions, the worst p95, and what the project may still spend. */
export interface ProjectFigures {
  readonly hung: number
  readonly requests: number
  readonly errors: number
  readonly p95Ms: number | null
  readonly targetP95Ms: number | null
  /** Work that waits in its processes and its queues. */
  readonly backlog: number
  /** Micro-credits; null: it has no account. */
  readonly credits: number | null
  /** The least rest of its budgets as a part of the cap; null: no budgets. */
  readonly headroom: number | null
  /** The factors that cost points, the most first. */
  readonly worst: readonly HealthFactor[]
  readonly factors: HealthScore['factors']
}

/** A project that can take work. */
export interface Place {
  readonly project: string
  /** 0 to 100: half the score, a quarter each credits and backlog. */
  readonly fit: number
  readonly score: number
  readonly reasons: readonly string[]
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
  const { p95_ms, target_p95_ms, ...others } = figures
  return { ...rest, ...times, figures: { ...others, p95Ms: p95_ms, targetP95Ms: target_p95_ms } }
}

/** Projects that can take work that needs these capabilities, best first. */
export async function findPlaces(
  database: Pick<Database, 'rpc'>,
  capabilities: readonly string[],
  options?: CallOptions,
): Promise<readonly Place[]> {
  const { places } = await callable(database, manifestPlace)({ capabilities }, options)
  return places.map(({ project, fit, score, reasons }) => ({ project, fit, score, reasons }))
}

function toDate(instant: string | null): Date | null {
  return instant === null ? null : new Date(instant)
}
