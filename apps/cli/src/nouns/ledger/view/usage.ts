import type { Client } from '@core/api/client'
import type { Session } from '../../../session.ts'
import { formatTable } from '../../../table.ts'

type Usage = Awaited<ReturnType<Client['getUsage']>>
type Bucket = Usage['usage'][number]
type Alert = Awaited<ReturnType<Client['listAlerts']>>['data'][number]
type Show = Pick<Session, 'show'>

export function usageTable({ by, usage }: Usage, { show }: Show): string {
  return formatTable(usage, [
    { title: 'FROM', cell: ({ start }) => start },
    ...by.map((name, index) => ({ title: name.toUpperCase(), cell: ({ group }: Bucket) => group[index] ?? '-' })),
    { title: 'CHARGED', align: 'right', cell: ({ charged }) => show(charged) },
    { title: 'REFUNDED', align: 'right', cell: ({ refunded }) => show(refunded) },
    { title: 'UNCOLLECTED', align: 'right', cell: ({ uncollected }) => show(uncollected) },
    { title: 'CHARGES', align: 'right', cell: ({ charges }) => String(charges) },
  ])
}

export function alertTable(alerts: readonly Alert[], { show }: Show): string {
  return formatTable(alerts, [
    { title: 'AT', cell: ({ at }) => at },
    { title: 'ACCOUNT', cell: ({ account }) => account },
    { title: 'BUDGET', cell: ({ budget }) => budget ?? '' },
    {
      title: 'THRESHOLD',
      align: 'right',
      cell: ({ thresholdBasisPoints: bp }) => (bp === null ? '' : `${bp / 100} %`),
    },
    { title: 'SPENT', align: 'right', cell: ({ spent }) => (spent === null ? '' : show(spent)) },
    { title: 'LIMIT', align: 'right', cell: ({ limit }) => (limit === null ? '' : show(limit)) },
    { title: 'HOLD', cell: ({ hold }) => hold ?? '' },
    {
      title: 'UNCOLLECTED',
      align: 'right',
      cell: ({ uncollected }) => (uncollected === null ? '' : show(uncollected)),
    },
    { title: 'TX', align: 'right', cell: ({ tx }) => String(tx) },
  ])
}
