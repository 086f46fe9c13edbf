import { CoreError } from '@core/foundation'
import type { Command } from 'commander'
import { type SystemOptions, systemOption } from '../../system-option.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

interface UpdateOptions extends SystemOptions {
  name?: string
  enable?: boolean
  disable?: boolean
  expiresAt?: string
  addDefaults?: boolean
}

/** `core keys update` and `revoke`. */
export function addKeyChanges(keys: Command, { session }: Pick<Verbs, 'session'>): void {
  keys
    .command('update')
    .description('rename a key, disable or enable it, change its expiry, add scopes; omitted fields are unchanged')
    .argument('<id>')
    .option('--name <name>', 'what uses the key')
    .option('--disable', 'refuse it until it is enabled again')
    .option('--enable', 'accept it again')
    .option('--expires-at <instant>', 'an RFC 3339 instant, or never')
    .option('--add-defaults', 'add the scopes that a new key gets, as after an upgrade that brings new ones')
    .addOption(systemOption())
    .action(async (id: string, { system, ...options }: UpdateOptions) => {
      const body = toChanges(options)
      const current = session()
      const { client, target } = await current.connect()
      const changed = system
        ? await client.updateSystemApiKey({ params: { id }, body })
        : await client.updateApiKey({ params: { project: target.project ?? 'current', id }, body })
      current.output.data(changed, (key) =>
        formatFields([
          ['id', key.id],
          ['name', key.name],
          ['status', key.status],
          ['expires', key.expiresAt ?? 'never'],
          ['scopes', key.scopes.join(', ')],
        ]),
      )
    })

  keys
    .command('revoke')
    .description('end a key at once and for good')
    .argument('<id>')
    .option('--yes', 'do not ask')
    .addOption(systemOption())
    .action(async (id: string, { system, ...options }: SystemOptions & { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`Whatever uses the key ${id} stops working.`, options)
      const revoked = system
        ? await client.revokeSystemApiKey({ params: { id } })
        : await client.revokeApiKey({ params: { project: target.project ?? 'current', id } })
      current.output.data(revoked, (key) => `${key.name} (${key.id}) is ${key.status}`)
    })
}

function toChanges({ name, enable, disable, expiresAt, addDefaults }: UpdateOptions) {
  if (enable && disable) throw new CoreError('E_INVALID', 'a key cannot be enabled and disabled at once')
  const isChange = name !== undefined || enable || disable || expiresAt !== undefined || addDefaults
  if (!isChange) {
    throw new CoreError('E_INVALID', 'no change given', {
      fix: 'Add --name, --disable, --enable, --expires-at or --add-defaults.',
    })
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(enable || disable ? { enabled: enable === true } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt === 'never' ? null : expiresAt }),
    ...(addDefaults ? { addDefaultScopes: true } : {}),
  }
}
