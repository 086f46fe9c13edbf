import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'
import { bottlenecksText, systemInfoText } from './view.ts'

export function addSystem({ program, session }: Verbs): void {
  const system = program.command('system').description('the control plane itself: what runs, and what is slow')

  system
    .command('info')
    .description('versions, migrations, and what is switched on')
    .action(async () => {
      const current = session()
      const { client } = await current.connect()
      current.output.data(await client.getSystemInfo(), systemInfoText)
    })

  system
    .command('bottlenecks')
    .description('the slowest routes and functions of the last five minutes, the worst first, each with a fix')
    .option('--limit <rows>', 'how many routes and functions, 1 to 100', '20')
    .action(async ({ limit }: { limit: string }) => {
      const current = session()
      const { client } = await current.connect()
      const found = await client.getBottlenecks({ query: { limit: wholeNumber('--limit', limit) } })
      current.output.data(found, bottlenecksText)
    })
}
