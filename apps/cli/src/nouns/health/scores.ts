import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatFields, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { toPolicy } from './policy.ts'

export function addScores({ program, session }: Verbs): void {
  const scores = program.command('scores').description('scores of a project over time, and how they are weighed')

  scores
    .command('history')
    .description('the scores of the project over time, newest first')
    .option('--period <period>', 'minute (kept for 6 hours) or hour (kept for 30 days)', 'minute')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '60')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions & { period: 'minute' | 'hour' }) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listHealthSamples({
        params: { project: target.project ?? 'current' },
        query,
      })
      current.output.data(list, ({ data }) =>
        data.length === 0
          ? 'no samples yet; one is taken every minute'
          : formatTable(data, [
              { title: 'AT', cell: ({ at }) => at },
              { title: 'SCORE', align: 'right', cell: ({ score }) => String(score) },
              { title: 'LEAST', align: 'right', cell: ({ least }) => String(least) },
              { title: 'MOST', align: 'right', cell: ({ most }) => String(most) },
            ]),
      )
      printNextCursor(current, list.page.next)
    })

  scores
    .command('policy')
    .description('show the weights and targets of the project, or declare them: what is left out has its default')
    .option('--weights <weights>', 'such as errors=40,latency=30; each 0 to 100')
    .option('--criticality <criticality>', 'none, low, normal, high or critical')
    .option('--target-p95 <ms>', 'full marks for latency up to it')
    .option('--max-error-rate <part>', 'errors earn nothing from it on, such as 0.05')
    .option('--target-backlog <count>', 'full marks for the backlog up to it')
    .option('--low-credits <credits>', 'full marks for credits from it on')
    .option('--default', 'return to the defaults')
    .action(async ({ default: isDefault, ...options }: Record<string, string> & { default?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const isChange = isDefault === true || Object.keys(options).length > 0
      const policy = isChange
        ? await client.putHealthPolicy({ params, body: toPolicy(options, current.amount) })
        : await client.getHealthPolicy({ params })
      current.output.data(policy, (row) =>
        formatFields([
          ['project', row.project],
          [
            'weights',
            Object.entries(row.weights)
              .map(([name, weight]) => `${name}=${weight}`)
              .join(', '),
          ],
          ['criticality', row.criticality],
          ['target p95', row.targetP95Ms === null ? 'what its processes say' : `${row.targetP95Ms} ms`],
          ['max error rate', String(row.maxErrorRate)],
          ['target backlog', String(row.targetBacklog)],
          ['low credits', row.lowCredits === null ? 'none' : current.show(row.lowCredits)],
          ['declared by', row.updatedBy ?? 'default'],
        ]),
      )
    })
}
