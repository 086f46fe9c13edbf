import { CoreError } from '@core/foundation'
import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

interface ListOptions extends PageOptions {
  route?: string
  target?: string
  user?: string
  account?: string
  flag?: string
}

const dayMs = 86_400_000

export function addCalls({ program, session }: Verbs): void {
  const calls = program.command('calls').description('calls of models, and what they were charged')

  calls
    .command('list')
    .description('calls, newest first; as far back as CORE_ROUTER_CALL_DAYS')
    .option('--route <name>', 'of this route')
    .option('--target <target>', 'that this target answered, as provider/model')
    .option('--user <user>', 'for this end user')
    .option('--account <code>', 'of this account')
    .option('--flag <flag>', 'cached, estimated, fallback, client_gone, broken, uncollected, unsettled or crashed')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: ListOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const list = await readPage(query, (page) => client.listModelCalls({ params, query: page }))
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'AT', cell: ({ at }) => at },
          { title: 'ROUTE', cell: ({ route }) => route },
          { title: 'TARGET', cell: (call) => call.target ?? '-' },
          { title: 'USER', cell: ({ user }) => user ?? '-' },
          { title: 'STATUS', align: 'right', cell: ({ status }) => String(status) },
          { title: 'CHARGED', align: 'right', cell: ({ charged }) => current.show(charged) },
          { title: 'MS', align: 'right', cell: ({ totalMs }) => String(totalMs) },
          { title: 'FLAGS', cell: ({ flags }) => flags.join(', ') },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  calls
    .command('content')
    .description('what a call asked and answered; kept for seven days where the route has log: content')
    .argument('<call>', 'the id of the request, as core calls list --json and the header x-request-id have it')
    .action(async (call: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const content = await client.getModelCallContent({ params: { project: target.project ?? 'current', call } })
      current.output.data(content, ({ request, answer, isCut }) =>
        [request, '', answer, ...(isCut ? ['', 'The rest of it is not kept.'] : [])].join('\n'),
      )
    })
}

export function addUsage({ program, session }: Verbs): void {
  program
    .command('usage')
    .description('what the project was charged, by model, end user, tag or account; from the ledger')
    .option('--by <names>', 'up to four of model, route, user, tag, account, target, separated by commas', 'model')
    .option('--days <days>', 'the last so many days', '30')
    .action(async ({ by, days }: { by: string; days: string }) => {
      const current = session()
      const from = daysAgo(wholeNumber('--days', days))
      const { client, project } = await current.connectWithin()
      if (project === null)
        throw new CoreError('E_INVALID', 'the owner has no project of its own', { fix: 'Add --project.' })
      const usage = await client.getUsage({
        params: { project, code: project },
        query: { by, bucket: 'total', from },
      })
      current.output.data(usage, (answer) =>
        formatTable(answer.usage, [
          ...answer.by.map((name, index) => ({
            title: name.toUpperCase(),
            cell: ({ group }: (typeof answer.usage)[number]) => group[index] ?? '-',
          })),
          { title: 'CHARGED', align: 'right', cell: ({ charged }) => current.show(charged) },
          { title: 'CHARGES', align: 'right', cell: ({ charges }) => String(charges) },
        ]),
      )
    })
}

function daysAgo(days: number): string {
  if (days > 0 && days <= 36_500) return new Date(Date.now() - days * dayMs).toISOString()
  throw new CoreError('E_INVALID', `--days takes 1 to 36500, and not ${days}`)
}
