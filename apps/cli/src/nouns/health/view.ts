import type { Client } from '@core/api/client'
import { fleetColumns, scorePaint } from '../../fleet-table.ts'
import { paintFor } from '../../paint.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'

type Health = Awaited<ReturnType<Client['listHealth']>>

/** A table by project, and below it the score of all together. */
export function healthTable({ data, system }: Health, session: Pick<Session, 'io' | 'show'>): string {
  if (data.length === 0) return 'no projects are registered'
  const { project, status, score, worst, credits, backlog, lastBeat } = fleetColumns(session)
  const table = formatTable(data, [project, status, score, worst, credits, backlog, lastBeat])
  if (system.score === null) return table
  const paint = paintFor(session.io)
  return `${table}\n\nall together: ${paint(scorePaint(system.score), String(system.score))} (${system.projects} projects, ${system.poor} in poor health)`
}
