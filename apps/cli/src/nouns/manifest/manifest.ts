import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Verbs } from '../../verbs.ts'
import { watch } from '../../watch.ts'
import { manifestTable } from './view.ts'

export function addManifest({ program, session }: Verbs): void {
  program
    .command('manifest')
    .description('every registered project and how it is doing')
    .option('--watch', 'show it again every two seconds, until interrupted')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ watch: isWatching, ...query }: PageOptions & { watch?: boolean }) => {
      const current = session()
      const { client } = await current.connect()
      const read = () => client.listManifest({ query }, { signal: current.io.signal })
      const show = (manifest: Awaited<ReturnType<typeof read>>) => manifestTable(manifest.data, current.io)
      if (isWatching) return watch(current, read, show)
      const manifest = await read()
      current.output.data(manifest, show)
      printNextCursor(current, manifest.page.next)
    })
}
