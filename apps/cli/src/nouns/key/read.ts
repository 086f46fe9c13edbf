import { type Scope, scopeNames } from '@core/api'
import { CoreError } from '@core/foundation'
import { type Command, Option } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { type SystemOptions, systemOption } from '../../system-option.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { toScope } from './scope.ts'

/** `core keys list` and `verify`. */
export function addKeyReading(keys: Command, { session }: Pick<Verbs, 'session'>): void {
  keys
    .command('list')
    .description('keys, oldest first; never the keys themselves')
    .addOption(systemOption())
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ system, ...query }: PageOptions & SystemOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = system
        ? await client.listSystemApiKeys({ query })
        : await client.listApiKeys({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'ID', cell: ({ id }) => id },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'BEGINS', cell: ({ hint }) => hint },
          { title: 'STATUS', cell: ({ status, revokedAt }) => (revokedAt === null ? status : 'revoked') },
          { title: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? 'never' },
          { title: 'LAST USED', cell: ({ lastUsedAt }) => lastUsedAt ?? 'never' },
          { title: 'SCOPES', cell: ({ scopes }) => scopes.join(',') },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  keys
    .command('verify')
    .description('whether the key on standard input is good, and for a scope')
    .addOption(new Option('--scope <scope>', 'what it must be allowed to do').choices(scopeNames).argParser(toScope))
    .action(async ({ scope }: { scope?: Scope }) => {
      const current = session()
      const { client, target } = await current.connect()
      const key = await current.input.readLine('the key to verify')
      if (!key) {
        throw new CoreError('E_INVALID', 'there is no key on standard input', { fix: 'core keys verify < key' })
      }
      const verdict = await client.verifyApiKey({
        body: {
          key,
          ...(scope === undefined ? {} : { scope }),
          ...(target.project === undefined ? {} : { project: target.project }),
        },
      })
      current.output.data(verdict, ({ valid, code, key: found }) =>
        [valid ? 'good' : code, found && `${found.name} (${found.id})`].filter(Boolean).join(': '),
      )
    })
}
