import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addCache({ program, session }: Verbs): void {
  const cache = program.command('cache').description('the shared tier of the siblings’ caches')
  const owner = ['--owner <project>', 'the project that shares the namespace; default: the own one'] as const

  cache
    .command('stats')
    .description('entries and bytes, by namespace')
    .argument('[namespace]', 'only this one')
    .option(...owner)
    .action(async (namespace: string | undefined, options: OwnerOption) => {
      const current = session()
      const { client, project } = await connect(current)
      const answer =
        namespace === undefined
          ? await client.listCacheNamespaces({ params: { project } })
          : { data: [await client.getCacheStats({ params: { project, namespace }, query: ownerOf(options) })] }
      current.output.data(answer, ({ data }) =>
        formatTable(data, [
          { title: 'NAMESPACE', cell: (row) => row.namespace },
          { title: 'ENTRIES', align: 'right', cell: ({ entries }) => String(entries) },
          { title: 'STALE', align: 'right', cell: ({ stale }) => String(stale) },
          { title: 'BYTES', align: 'right', cell: ({ bytes }) => String(bytes) },
          { title: 'FIRST GONE', cell: ({ oldestGoneAt }) => oldestGoneAt ?? '' },
        ]),
      )
    })

  cache
    .command('list')
    .description('the keys of a namespace')
    .argument('<namespace>')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .option(...owner)
    .action(async (namespace: string, { owner: from, ...page }: PageOptions & OwnerOption) => {
      const current = session()
      const { client, project } = await connect(current)
      const params = { project, namespace }
      const query = { ...page, ...ownerOf({ owner: from }) }
      const list = await readPage(query, (each) => client.listCacheEntries({ params, query: each }))
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'KEY', cell: ({ key }) => key },
          { title: 'BYTES', align: 'right', cell: ({ size }) => String(size) },
          { title: 'FRESH UNTIL', cell: ({ freshUntil }) => freshUntil },
          { title: 'GONE AT', cell: ({ goneAt }) => goneAt },
          { title: 'TAGS', cell: ({ tags }) => tags.join(', ') },
          { title: 'WRITER', cell: ({ writer }) => writer ?? '' },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  cache
    .command('get')
    .description('the value of a key')
    .argument('<namespace>')
    .argument('<key>')
    .option(...owner)
    .action(async (namespace: string, key: string, options: OwnerOption) => {
      const current = session()
      const { client, project } = await connect(current)
      const entry = await client.getCacheEntry({ params: { project, namespace, key }, query: ownerOf(options) })
      current.output.data(entry, ({ encoding, value }) =>
        encoding === 'json' ? JSON.stringify(value, null, 2) : String(value),
      )
    })

  cache
    .command('delete')
    .description('delete the value of a key for every process')
    .argument('<namespace>')
    .argument('<key>')
    .option(...owner)
    .action(async (namespace: string, key: string, options: OwnerOption) => {
      const current = session()
      const { client, project } = await connect(current)
      const gone = await client.deleteCacheEntry({ params: { project, namespace, key }, query: ownerOf(options) })
      current.output.data(gone, () => `${key} is deleted`)
    })

  cache
    .command('invalidate')
    .description('void every entry with one of the tags')
    .argument('<namespace>')
    .argument('<tags...>')
    .option(...owner)
    .action(async (namespace: string, tags: string[], options: OwnerOption) => {
      const current = session()
      const { client, project } = await connect(current)
      const params = { project, namespace }
      const done = await client.invalidateCacheTags({ params, query: ownerOf(options), body: { tags } })
      current.output.data(done, ({ invalidated }) => `${invalidated} tags are invalidated`)
    })

  cache
    .command('clear')
    .description('void every entry of a namespace')
    .argument('<namespace>')
    .option('--yes', 'do not ask')
    .action(async (namespace: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, project } = await connect(current)
      await current.confirm(`Every process loads what it needs of ${namespace} again.`, options)
      const cleared = await client.clearCacheNamespace({ params: { project, namespace } })
      current.output.data(cleared, () => `${namespace} is cleared`)
    })

  cache
    .command('sweep')
    .description('delete entries that are gone, and those beyond the bounds of their project')
    .option('--limit <rows>', 'entries at most, 1 to 1000', '1000')
    .action(async ({ limit }: { limit: string }) => {
      const current = session()
      const { client, project } = await connect(current)
      const swept = await client.sweepCache({ params: { project }, body: { limit: wholeNumber('--limit', limit) } })
      current.output.data(swept, (row) => `${row.swept} entries were gone, ${row.evicted} were beyond bounds`)
    })
}

interface OwnerOption {
  owner?: string | undefined
}

const ownerOf = ({ owner }: OwnerOption) => (owner === undefined ? {} : { owner })

async function connect(current: Session) {
  const { client, target } = await current.connect()
  return { client, project: target.project ?? 'current' }
}
