import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { watch } from '../../watch.ts'
import { healthTable } from './view.ts'

export function addHealth({ program, session }: Verbs): void {
  program
    .command('health')
    .description('how every project is doing: status, score, worst factor, credits left, backlog, last beat')
    .option('--watch', 'show it again every two seconds, until interrupted')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ watch: isWatching, ...query }: PageOptions & { watch?: boolean }) => {
      const current = session()
      const { client } = await current.connect()
      const read = () => client.listHealth({ query }, { signal: current.io.signal })
      const show = (list: Awaited<ReturnType<typeof read>>) => healthTable(list, current)
      if (isWatching) return watch(current, read, show)
      const list = await read()
      current.output.data(list, show)
      printNextCursor(current, list.page.next)
    })
}
