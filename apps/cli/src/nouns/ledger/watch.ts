import { type Command, Option } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { ownAccount, projectOf } from './account-code.ts'
import { alertTable, usageTable } from './view/usage.ts'

const buckets = ['hour', 'day', 'week', 'month'] as const

interface UsageOptions {
  from?: string
  to?: string
  by: (typeof buckets)[number]
}

/** Where the credits went. */
export function addCreditsWatch(credits: Command, { session }: Verbs): void {
  credits
    .command('usage')
    .description('what an account was charged, per hour, day, week or month')
    .argument('[account]', "an account's code; omitted: the account of the key's project")
    .option('--from <instant>', 'from this RFC 3339 instant on; omitted: 30 days before --to')
    .option('--to <instant>', 'before this RFC 3339 instant; omitted: now')
    .addOption(new Option('--by <bucket>', 'length of a row; rows begin in UTC').choices(buckets).default('day'))
    .action(async (account: string | undefined, { from, to, by }: UsageOptions) => {
      const current = session()
      const code = account ?? (await ownAccount(current))
      const { client } = await current.connect()
      const usage = await client.getUsage({
        params: { project: projectOf(code), code },
        query: { bucket: by, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
      })
      current.output.data(usage, (value) => usageTable(value.usage, current))
    })

  credits
    .command('alerts')
    .description('budgets that crossed a threshold and holds not charged in full, oldest first, each exactly once')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const alerts = await client.listAlerts({ params: { project: target.project ?? 'current' }, query })
      current.output.data(alerts, ({ data }) => alertTable(data, current))
      printNextCursor(current, alerts.page.next)
    })
}
