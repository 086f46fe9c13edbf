import type { Client } from '@core/api/client'
import { formatTable } from '../../table.ts'

type ErrorGroup = Awaited<ReturnType<Client['listErrors']>>['data'][number]

export function errorTable(groups: readonly ErrorGroup[]): string {
  if (groups.length === 0) return 'no faults'
  return formatTable(groups, [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'LAST SEEN', cell: ({ lastSeen }) => lastSeen },
    { title: 'COUNT', align: 'right', cell: ({ count }) => String(count) },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'PROJECT', cell: ({ project }) => project ?? '(system)' },
    { title: 'PLACE', cell: ({ place }) => place },
    { title: 'ERROR', cell: ({ name, code }) => code ?? name },
    { title: 'MESSAGE', cell: ({ message }) => message.replaceAll(/\s+/g, ' ') },
  ])
}
