import { markError } from '@core/api'
import { Argument, Option } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { errorTable } from './view.ts'

const statuses = markError.input.body.shape.status.options

type Status = (typeof statuses)[number]

export function addErrors({ program, session }: Verbs): void {
  const errors = program
    .command('errors')
    .description('faults of the server, grouped: of a project, or of everything (owner without --project)')

  errors
    .command('list')
    .description('groups of unexpected errors, the latest first')
    .addOption(new Option('--status <status>', 'only these; omitted: all').choices(statuses))
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions & { status?: Status }) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const list =
        project === null
          ? await client.listAllErrors({ query })
          : await client.listErrors({ params: { project }, query })
      current.output.data(list, ({ data }) => errorTable(data))
      printNextCursor(current, list.page.next)
    })

  errors
    .command('mark')
    .description('mark a group of faults; a resolved one that occurs again opens automatically')
    .argument('<id>', 'as the list shows it')
    .addArgument(new Argument('<status>', 'what it is from now on').choices(statuses))
    .action(async (id: string, status: Status) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const body = { status }
      const marked =
        project === null
          ? await client.markAnyError({ params: { id }, body })
          : await client.markError({ params: { project, id }, body })
      current.output.data(marked, (group) => `${group.name} at ${group.place} is ${group.status}`)
    })
}
