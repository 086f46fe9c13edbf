import type { Client } from '@core/api/client'
import { type Paint, paintFor } from '../../paint.ts'
import { formatTable } from '../../table.ts'

type Entry = Awaited<ReturnType<Client['listManifest']>>['data'][number]

const paints: Readonly<Record<Entry['status'], Paint>> = {
  online: 'green',
  degraded: 'yellow',
  starting: 'yellow',
  maintenance: 'yellow',
  offline: 'red',
}

export function manifestTable(entries: readonly Entry[], io: Parameters<typeof paintFor>[0]): string {
  if (entries.length === 0) return 'no projects are registered'
  const paint = paintFor(io)
  return formatTable(entries, [
    { title: 'PROJECT', cell: ({ project }) => project },
    { title: 'VERSION', cell: ({ version }) => version ?? '' },
    { title: 'STATUS', cell: ({ status }) => status, paint: ({ status }, text) => paint(paints[status], text) },
    { title: 'SINCE', cell: ({ since }) => since ?? '' },
    { title: 'SESSIONS', align: 'right', cell: ({ sessions }) => String(sessions) },
    { title: 'BACKLOG', align: 'right', cell: ({ figures }) => (figures === null ? '' : String(figures.backlog)) },
    { title: 'LAST BEAT', cell: ({ lastBeatAt }) => lastBeatAt ?? 'never' },
  ])
}
