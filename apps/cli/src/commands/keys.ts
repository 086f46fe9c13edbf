import { type Capability, isCapability } from '@core/api'
import { CoreError } from '@core/foundation'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../effect.ts'
import { type PageOptions, sayIfMore } from '../page.ts'
import type { Verbs } from '../program.ts'
import { formatFields, formatTable } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'

interface CreateOptions extends EffectOptions {
  scopes?: string
  expiresAt?: string
}

export function addKeys({ program, session }: Verbs): void {
  const keys = program.command('keys').description("a project's API keys")

  keys
    .command('list')
    .description('keys, oldest first; never the keys themselves')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listApiKeys({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'ID', cell: ({ id }) => id },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'BEGINS', cell: ({ hint }) => hint },
          { title: 'STATUS', cell: ({ status }) => status },
          { title: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? 'never' },
          { title: 'LAST USED', cell: ({ lastUsedAt }) => lastUsedAt ?? 'never' },
          { title: 'SCOPES', cell: ({ scopes }) => scopes.join(',') },
        ]),
      )
      sayIfMore(current, list.page.next)
    })

  keys
    .command('create')
    .description('make a key; it is printed once and kept nowhere')
    .argument('<name>', 'what will use the key')
    .option('--scopes <scopes>', "such as ledger:read,ledger:spend; left out: a project's defaults")
    .option('--expires-at <instant>', 'an RFC 3339 instant; left out: never')
    .addOption(idempotencyKeyOption())
    .action(async (name: string, { scopes, expiresAt, ...options }: CreateOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = {
        name,
        ...(scopes === undefined ? {} : { scopes: scopes.split(',').map(toCapability) }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }
      const made = await withKey(current, options, (call) =>
        client.createApiKey({ params: { project: target.project ?? 'current' }, body }, call),
      )
      current.output.data(made, (key) =>
        formatFields([
          ['key', key.secret ?? 'was shown when it was made'],
          ['id', key.id],
          ['project', key.project ?? ''],
          ['scopes', key.scopes.join(', ')],
          ['expires', key.expiresAt ?? 'never'],
        ]),
      )
    })

  keys
    .command('reroll')
    .description('replace a key by a new one with the same rights; both work during the overlap')
    .argument('<id>')
    .option('--overlap <seconds>', 'how long the old key still works', '3600')
    .addOption(idempotencyKeyOption())
    .action(async (id: string, { overlap, ...options }: EffectOptions & { overlap: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const made = await withKey(current, options, (call) =>
        client.rerollApiKey(
          {
            params: { project: target.project ?? 'current', id },
            body: { overlapSeconds: wholeNumber('--overlap', overlap) },
          },
          call,
        ),
      )
      current.output.data(made, (key) =>
        formatFields([
          ['key', key.secret ?? 'was shown when it was made'],
          ['id', key.id],
          ['replaces', `${key.replaces}, which works until ${key.overlapEndsAt}`],
        ]),
      )
    })

  keys
    .command('revoke')
    .description('end a key at once and for good')
    .argument('<id>')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`Whatever uses the key ${id} stops working.`, options)
      const revoked = await client.revokeApiKey({ params: { project: target.project ?? 'current', id } })
      current.output.data(revoked, (key) => `${key.name} (${key.id}) is ${key.status}`)
    })
}

function toCapability(text: string): Capability {
  const scope = text.trim()
  if (isCapability(scope)) return scope
  throw new CoreError('E_INVALID', `${JSON.stringify(scope)} is not a scope`, {
    fix: 'Scopes are noun:verb, such as ledger:read; core status lists those of your key.',
  })
}
