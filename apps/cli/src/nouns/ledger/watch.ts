import type { Command } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { alertTable } from './view/usage.ts'

/** What happened to budgets. */
export function addCreditsWatch(credits: Command, { session }: Verbs): void {
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
