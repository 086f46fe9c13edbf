import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addLocks({ program, session }: Verbs): void {
  const locks = program.command('locks').description('locks of a project: one holder at a time for a name')

  locks
    .command('list')
    .description('the locks that are held, by name')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listLocks({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        data.length === 0
          ? 'no lock is held'
          : formatTable(data, [
              { title: 'LOCK', cell: ({ name }) => name },
              { title: 'HOLDER', cell: ({ holder }) => holder },
              { title: 'FENCE', align: 'right', cell: ({ fence }) => String(fence) },
              { title: 'SINCE', cell: ({ acquiredAt }) => acquiredAt },
              { title: 'ENDS', cell: ({ endsAt }) => endsAt },
            ]),
      )
      printNextCursor(current, list.page.next)
    })

  locks
    .command('release')
    .description('take a lock from its holder, whose next renewal is refused')
    .argument('<name>')
    .argument('<fence>', 'as the list shows it')
    .action(async (name: string, fence: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const released = await client.releaseLock({
        params: { project: target.project ?? 'current' },
        body: { name, fence: wholeNumber('<fence>', fence) },
      })
      current.output.data(released, (answer) =>
        answer.released ? `${name} is free` : `${name} was not held under ${fence}`,
      )
    })
}
