import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { watch } from '../../watch.ts'
import { manifestTable } from './view.ts'

export function addManifest({ program, session }: Verbs): void {
  program
    .command('manifest')
    .description('every registered project in use: version, status, score, credits left and backlog')
    .option('--watch', 'show it again every two seconds, until interrupted')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ watch: isWatching, ...query }: PageOptions & { watch?: boolean }) => {
      const current = session()
      const { client } = await current.connect()
      const read = () => client.listManifest({ query }, { signal: current.io.signal })
      const show = (manifest: Awaited<ReturnType<typeof read>>) => manifestTable(manifest.data, current)
      if (isWatching) return watch(current, read, show)
      const manifest = await read()
      current.output.data(manifest, show)
      printNextCursor(current, manifest.page.next)
    })

  program
    .command('place')
    .description('which projects can take work, best first, with the reasons')
    .argument('[capabilities...]', 'what the project must say it can do')
    .option('--limit <rows>', 'at most so many, 1 to 1000', '10')
    .action(async (capabilities: string[], { limit }: { limit: string }) => {
      const current = session()
      const { client } = await current.connect()
      const found = await client.placeWork({ query: { capabilities: capabilities.join(','), limit } })
      current.output.data(found, ({ places }) =>
        places.length === 0
          ? 'no project can take this work'
          : formatTable(places, [
              { title: 'PROJECT', cell: ({ project }) => project },
              { title: 'FIT', align: 'right', cell: ({ fit }) => String(fit) },
              { title: 'STATUS', cell: ({ status }) => status },
              { title: 'SCORE', align: 'right', cell: ({ score }) => String(score) },
              { title: 'REASONS', cell: ({ reasons }) => reasons.join('; ') },
            ]),
      )
    })
}
