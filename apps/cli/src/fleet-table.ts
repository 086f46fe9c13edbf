import type { Client } from '@core/api/client'
import { type Paint, paintFor } from './paint.ts'
import type { Session } from './session.ts'
import type { Column } from './table.ts'

type Health = Awaited<ReturnType<Client['listHealth']>>['data'][number]
/** What the manifest and the health of a project have in common. */
type Row = Pick<Health, 'project' | 'status' | 'score' | 'worst' | 'figures' | 'lastBeatAt'>

const statusPaints: Readonly<Record<Row['status'], Paint>> = {
  online: 'green',
  degraded: 'yellow',
  starting: 'yellow',
  maintenance: 'yellow',
  offline: 'red',
}

/** The columns of both tables, by name. Figures that are not shared stay empty. */
export function fleetColumns({ io, show }: Pick<Session, 'io' | 'show'>) {
  const paint = paintFor(io)
  return {
    project: { title: 'PROJECT', cell: ({ project }) => project },
    status: {
      title: 'STATUS',
      cell: ({ status }) => status,
      paint: ({ status }, text) => paint(statusPaints[status], text),
    },
    score: {
      title: 'SCORE',
      align: 'right',
      cell: ({ score }) => (score === null ? '' : String(score)),
      paint: ({ score }, text) => (score === null ? text : paint(scorePaint(score), text)),
    },
    worst: { title: 'WORST FACTOR', cell: ({ worst }) => worst ?? '' },
    credits: {
      title: 'CREDITS LEFT',
      align: 'right',
      cell: ({ figures }) => (figures === null || figures.credits === null ? '' : show(figures.credits)),
    },
    headroom: {
      title: 'HEADROOM',
      align: 'right',
      cell: ({ figures }) =>
        figures === null || figures.headroom === null ? '' : `${Math.floor(figures.headroom * 100)} %`,
    },
    backlog: {
      title: 'BACKLOG',
      align: 'right',
      cell: ({ figures }) => (figures === null ? '' : String(figures.backlog)),
    },
    lastBeat: { title: 'LAST BEAT', cell: ({ lastBeatAt }) => lastBeatAt ?? 'never' },
  } as const satisfies Record<string, Column<Row>>
}

/** good, fair and poor, as events name them. */
export function scorePaint(score: number): Paint {
  if (score >= 80) return 'green'
  return score >= 50 ? 'yellow' : 'red'
}
