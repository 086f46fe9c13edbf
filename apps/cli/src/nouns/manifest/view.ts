import type { Client } from '@core/api/client'
import { fleetColumns } from '../../fleet-table.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'

type Entry = Awaited<ReturnType<Client['listManifest']>>['data'][number]

export function manifestTable(entries: readonly Entry[], session: Pick<Session, 'io' | 'show'>): string {
  if (entries.length === 0) return 'no projects are registered'
  const { project, status, score, worst, credits, headroom, backlog, lastBeat } = fleetColumns(session)
  return formatTable<Entry>(entries, [
    project,
    { title: 'VERSION', cell: ({ version }) => version ?? '' },
    status,
    { title: 'SINCE', cell: ({ since }) => since ?? '' },
    { title: 'SESSIONS', align: 'right', cell: ({ sessions }) => String(sessions) },
    score,
    worst,
    credits,
    headroom,
    backlog,
    lastBeat,
  ])
}
