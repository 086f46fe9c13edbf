import type { listAuditLog } from '@core/api'
import { Option } from 'commander'
import type { z } from 'zod'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

const sources = ['admin', 'ledger'] as const

interface FilterOptions {
  actor?: string
  action?: string
  resource?: string
  source?: (typeof sources)[number]
  from?: string
  to?: string
}

type Entry = z.output<(typeof listAuditLog)['outputs'][200]>['data'][number]

export function addAuditLog({ program, session }: Verbs): void {
  program
    .command('audit-log')
    .description('who changed what, newest first: of a project, or of everything (owner without --project)')
    .option('--actor <actor>', 'only changes by this actor: owner, key:<id>')
    .option('--action <action>', 'only this action, such as key.create, or all of a noun, such as key')
    .option('--resource <resource>', 'only this, such as flag:router.order or account:smart_layer')
    .addOption(
      new Option('--source <source>', 'admin: without the journal of the ledger; ledger: only that').choices(sources),
    )
    .option('--from <instant>', 'from this RFC 3339 instant on')
    .option('--to <instant>', 'before this RFC 3339 instant')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions & FilterOptions) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const log = await readPage(query, (page) =>
        project === null
          ? client.listWholeAuditLog({ query: page })
          : client.listAuditLog({ params: { project }, query: page }),
      )
      current.output.data(log, ({ data }) => auditLogTable(data))
      printNextCursor(current, log.page.next)
    })
}

function auditLogTable(entries: readonly Entry[]): string {
  return formatTable(entries, [
    { title: 'ID', align: 'right', cell: ({ id }) => String(id) },
    { title: 'AT', cell: ({ at }) => at },
    { title: 'PROJECT', cell: ({ project }) => project ?? '(system)' },
    { title: 'ACTOR', cell: ({ actor }) => actor },
    { title: 'ACTION', cell: ({ action }) => action },
    { title: 'RESOURCE', cell: ({ resource }) => resource },
    { title: 'REQUEST', cell: ({ requestId }) => requestId ?? '' },
  ])
}
