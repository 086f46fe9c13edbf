import { CoreError } from '@core/foundation'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addShares({ program, session }: Verbs): void {
  const shares = program.command('shares').description('what projects let each other use')

  shares
    .command('list')
    .description('what the project shares, or with --received what it may use of others')
    .option('--received', 'what other projects share with this one, or with every one')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ received, ...page }: PageOptions & { received?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listShares({
        params: { project: target.project ?? 'current' },
        query: { ...page, direction: received ? 'received' : 'given' },
      })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'OWNER', cell: ({ owner }) => owner },
          { title: 'KIND', cell: ({ kind }) => kind },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'WITH', cell: ({ grantee }) => (grantee === '*' ? 'every project' : grantee) },
          { title: 'RIGHTS', cell: ({ rights }) => rights.join(', ') },
          { title: 'CHANGED BY', cell: ({ updatedBy }) => updatedBy },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  shares
    .command('set')
    .description('let another project use a thing of this one; the rights replace those it had')
    .argument('<kind>', 'cache, space, vectors, queue, lock, claim or health')
    .argument('<name>', 'the name of the thing, such as a namespace of the cache; it need not exist yet')
    .argument('<grantee>', "a project, or '*' for every one")
    .requiredOption('--rights <rights>', 'read, write or work, separated by commas', toRights)
    .action(async (kind: string, name: string, grantee: string, { rights }: { rights: Right[] }) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current', kind, name, grantee }
      const set = await client.putShare({ params, body: { rights } })
      current.output.data(
        set,
        (row) => `${row.owner} shares ${row.kind} ${row.name} with ${row.grantee}: ${row.rights}`,
      )
    })

  shares
    .command('remove')
    .description('end a share: the next call of the other project is refused')
    .argument('<kind>')
    .argument('<name>')
    .argument('<grantee>')
    .option('--yes', 'do not ask')
    .action(async (kind: string, name: string, grantee: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`${grantee} can no longer use ${kind} ${name}.`, options)
      const params = { project: target.project ?? 'current', kind, name, grantee }
      const gone = await client.removeShare({ params })
      current.output.data(gone, (row) => `${row.owner} no longer shares ${row.kind} ${row.name} with ${row.grantee}`)
    })
}

const allRights = ['read', 'write', 'work'] as const
type Right = (typeof allRights)[number]

function toRights(text: string): Right[] {
  return text.split(',').map((name) => {
    const right = allRights.find((known) => known === name.trim())
    if (right !== undefined) return right
    throw new CoreError('E_INVALID', `${JSON.stringify(name)} is not a right`, {
      fix: `Rights are ${allRights.join(', ')}.`,
    })
  })
}
