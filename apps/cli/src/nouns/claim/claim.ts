import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addClaims({ program, session }: Verbs): void {
  const claims = program.command('claims').description('claims on resource paths: overlapping paths exclude each other')

  claims
    .command('list')
    .description('the claims that are alive, oldest first')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const list = await readPage(query, (page) => client.listClaims({ params, query: page }))
      current.output.data(list, ({ data }) =>
        data.length === 0
          ? 'no path is claimed'
          : formatTable(data, [
              { title: 'RESOURCE', cell: ({ resource }) => resource },
              { title: 'HOLDER', cell: ({ holder }) => holder },
              { title: 'FENCE', align: 'right', cell: ({ fence }) => String(fence) },
              { title: 'SINCE', cell: ({ takenAt }) => takenAt },
              { title: 'ENDS', cell: ({ endsAt }) => endsAt },
            ]),
      )
      printNextCursor(current, list.page.next)
    })

  claims
    .command('release')
    .description('take a claim from its holder, whose next renewal is refused')
    .argument('<resource>')
    .argument('<fence>', 'as the list shows it')
    .action(async (resource: string, fence: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const released = await client.releaseClaim({
        params: { project: target.project ?? 'current' },
        body: { resource, fence: wholeNumber('<fence>', fence) },
      })
      current.output.data(released, (answer) =>
        answer.released ? `${resource} is free` : `${resource} was not held under ${fence}`,
      )
    })
}
