import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addSessions({ program, session }: Verbs): void {
  const sessions = program.command('sessions').description('running processes of a project')

  sessions
    .command('list')
    .description('the live sessions, oldest first')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listSessions({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        data.length === 0
          ? 'no live sessions'
          : formatTable(data, [
              { title: 'SESSION', cell: ({ session: id }) => id },
              { title: 'KIND', cell: ({ kind }) => kind },
              { title: 'NAME', cell: ({ name }) => name ?? '' },
              { title: 'VERSION', cell: ({ version }) => version ?? '' },
              { title: 'STATUS', cell: ({ status, isHung }) => (isHung ? `${status} (hung)` : status) },
              { title: 'OPENED', cell: ({ openedAt }) => openedAt },
              { title: 'LAST BEAT', cell: ({ beatAt }) => beatAt },
            ]),
      )
      printNextCursor(current, list.page.next)
    })

  sessions
    .command('close')
    .description('end a session; what its process held belongs to others then')
    .argument('<session>', 'as the list shows it')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const closed = await client.closeSession({ params: { project: target.project ?? 'current', id } })
      current.output.data(closed, (answer) => (answer.closed ? `${id} is closed` : `${id} had ended before`))
    })
}
