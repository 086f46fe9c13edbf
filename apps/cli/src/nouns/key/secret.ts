import type { Command } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import { type SystemOptions, systemOption } from '../../system-option.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { toScope } from './scope.ts'

interface CreateOptions extends EffectOptions, SystemOptions {
  scopes?: string
  expiresAt?: string
}

/** `core keys create` and `reroll`: what shows a key, once. */
export function addKeySecrets(keys: Command, { session }: Pick<Verbs, 'session'>): void {
  keys
    .command('create')
    .description('make a key; it is printed once and kept nowhere')
    .argument('<name>', 'what will use the key')
    .option(
      '--scopes <scopes>',
      "such as ledger:read,ledger:spend; omitted: a project's defaults, or everything with --system",
    )
    .option('--expires-at <instant>', 'an RFC 3339 instant; omitted: never')
    .addOption(systemOption())
    .addOption(idempotencyKeyOption())
    .action(async (name: string, { scopes, expiresAt, system, ...options }: CreateOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = {
        name,
        ...(scopes === undefined ? {} : { scopes: scopes.split(',').map(toScope) }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }
      const made = await withKey(current, options, (call) =>
        system
          ? client.createSystemApiKey({ body }, call)
          : client.createApiKey({ params: { project: target.project ?? 'current' }, body }, call),
      )
      current.output.data(
        made,
        (key) =>
          formatFields([
            ['key', key.secret ?? 'was shown when it was made'],
            ['id', key.id],
            ['project', key.project ?? 'every project'],
            ['scopes', key.scopes.join(', ')],
            ['expires', key.expiresAt ?? 'never'],
          ]),
        { shownOnce: true },
      )
    })

  keys
    .command('reroll')
    .description('replace a key by a new one with the same rights; both work during the overlap')
    .argument('<id>')
    .option('--overlap <seconds>', 'how long the old key still works', '3600')
    .addOption(systemOption())
    .addOption(idempotencyKeyOption())
    .action(
      async (id: string, { overlap, system, ...options }: EffectOptions & SystemOptions & { overlap: string }) => {
        const current = session()
        const { client, target } = await current.connect()
        const body = { overlapSeconds: wholeNumber('--overlap', overlap) }
        const made = await withKey(current, options, (call) =>
          system
            ? client.rerollSystemApiKey({ params: { id }, body }, call)
            : client.rerollApiKey({ params: { project: target.project ?? 'current', id }, body }, call),
        )
        current.output.data(
          made,
          (key) =>
            formatFields([
              ['key', key.secret ?? 'was shown when it was made'],
              ['id', key.id],
              ['replaces', `${key.replaces}, which works until ${key.overlapEndsAt}`],
            ]),
          { shownOnce: true },
        )
      },
    )
}
