import { CoreError } from '@core/foundation'
import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

const choices = ['balanced', 'order', 'price', 'latency'] as const
const periods = ['hour', 'day', 'week', 'month', 'total'] as const

interface SetOptions {
  choose?: (typeof choices)[number]
  whenLow?: 'refuse' | 'cheaper'
  userLimit?: string
  userPeriod: (typeof periods)[number]
  tag?: string
  tagLimit?: string
  tagPeriod: (typeof periods)[number]
  hitBasisPoints?: string
  logContent?: boolean
  shared?: boolean
}

export function addRoutes({ program, session }: Verbs): void {
  const routes = program.command('routes').description('public names of models, and the targets that serve them')

  routes
    .command('list')
    .description('the routes that the project may use')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listModelRoutes({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'ROUTE', cell: ({ name }) => name },
          { title: 'OF', cell: ({ project }) => project ?? 'every project' },
          { title: 'TARGETS', cell: ({ targets }) => targets.map(nameOf).join(', ') },
          { title: 'CHOICE', cell: ({ policy }) => String(policy['choose'] ?? 'balanced') },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  routes
    .command('set')
    .description('set a route; the targets and options replace those it had')
    .argument('<name>', "what requests name as their model; '*' for all other names")
    .argument('<targets...>', 'each as provider/model, or provider for the model that the request names')
    .option('--choose <how>', `${choices.join(', ')} (default: balanced)`, oneOf('--choose', choices))
    .option(
      '--when-low <what>',
      'refuse, or cheaper: a cheaper target where the credits are not enough',
      oneOf('--when-low', ['refuse', 'cheaper'] as const),
    )
    .option('--user-limit <credits>', 'an account with this cap for each end user that requests name')
    .option('--user-period <period>', periods.join(', '), oneOf('--user-period', periods), 'month')
    .option('--tag <prefix>', 'with --tag-limit: an account for each tag that begins so, as team for team:red')
    .option('--tag-limit <credits>', 'the cap of each such account')
    .option('--tag-period <period>', periods.join(', '), oneOf('--tag-period', periods), 'month')
    .option(
      '--hit-basis-points <points>',
      'what an answer from the cache is charged: 0 to 10000 basis points of what its call cost',
    )
    .option('--log-content', 'keep what is asked and answered for seven days, sealed')
    .option('--shared', 'for every project (owner)')
    .action(async (name: string, targets: string[], options: SetOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const {
        choose,
        whenLow,
        userLimit,
        userPeriod: period,
        tag: prefix,
        tagLimit,
        tagPeriod,
        hitBasisPoints,
        logContent,
        shared,
      } = options
      if ((prefix === undefined) !== (tagLimit === undefined))
        throw new CoreError('E_INVALID', '--tag and --tag-limit go together')
      const set = await client.setModelRoute({
        params: { project: target.project ?? 'current', name },
        query: { shared: shared ? 'true' : 'false' },
        body: {
          targets: targets.map(toTarget),
          policy: {
            ...(choose === undefined ? {} : { choose }),
            ...(whenLow === undefined ? {} : { whenLow }),
            ...(userLimit === undefined ? {} : { endUsers: { limit: current.amount(userLimit), period } }),
            ...(prefix === undefined || tagLimit === undefined
              ? {}
              : { tagAccounts: { prefix, limit: current.amount(tagLimit), period: tagPeriod } }),
            ...(hitBasisPoints === undefined
              ? {}
              : { hitBasisPoints: wholeNumber('--hit-basis-points', hitBasisPoints) }),
            ...(logContent ? { log: 'content' as const } : {}),
          },
        },
      })
      current.output.data(set, (row) => `${row.name} leads to ${row.targets.map(nameOf).join(', ')}`)
    })

  routes
    .command('remove')
    .description('remove a route')
    .argument('<name>')
    .option('--shared', 'the one of every project (owner)')
    .option('--yes', 'do not ask')
    .action(async (name: string, { shared, ...options }: { shared?: boolean; yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`Requests for ${name} find no model.`, options)
      const params = { project: target.project ?? 'current', name }
      const gone = await client.removeModelRoute({ params, query: { shared: shared ? 'true' : 'false' } })
      current.output.data(gone, ({ removed }) => (removed ? `${name} is removed` : `there is no route ${name}`))
    })

  routes
    .command('explain')
    .description('which targets a call of this name would try now, and why')
    .argument('<name>', 'a route, or provider/model')
    .action(async (name: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current', name }
      const explained = await client.explainModelRoute({ params })
      current.output.data(explained, ({ order, skipped }) =>
        formatTable(
          [
            ...order.map(({ target: id, reason }, place) => ({ place: String(place + 1), id, reason })),
            ...skipped.map(({ target: id, reason }) => ({ place: '-', id, reason })),
          ],
          [
            { title: '', cell: ({ place }) => place },
            { title: 'TARGET', cell: ({ id }) => id },
            { title: 'REASON', cell: ({ reason }) => reason },
          ],
        ),
      )
    })
}

function nameOf(target: Readonly<Record<string, unknown>>): string {
  return target['model'] === undefined ? String(target['provider']) : `${target['provider']}/${target['model']}`
}

function toTarget(text: string): { provider: string; model?: string } {
  const at = text.indexOf('/')
  return at === -1 ? { provider: text } : { provider: text.slice(0, at), model: text.slice(at + 1) }
}

function oneOf<const Value extends string>(option: string, values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((one) => one === text)
    if (value !== undefined) return value
    throw new CoreError('E_INVALID', `${option} takes ${values.join(', ')}`)
  }
}
