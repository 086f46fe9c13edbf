import type { Config } from '@core/config'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { LoopReport } from '../process/loop.ts'
import { openKeyUses } from './key-uses.ts'
import { createKeyring, type Keyring } from './keyring.ts'
import { openUserTokens } from './open-user-tokens.ts'

export interface OpenKeyringOptions {
  readonly database: Pick<Database, 'rpc' | 'listen'>
  readonly config: Pick<Config, 'jwt' | 'ownerKey'>
  readonly logger: Logger
  readonly report?: LoopReport | undefined
}

/** The keyring, kept current by the database's hints; it records when keys were last used until disposed. */
export async function openKeyring({
  database,
  config,
  logger,
  report,
}: OpenKeyringOptions): Promise<Keyring & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const uses = opened.use(openKeyUses({ database, logger, report }))
  const userTokens = config.jwt && openUserTokens(config.jwt, database)
  const keyring = createKeyring({ database, ownerKey: config.ownerKey?.reveal(), userTokens, onUse: uses.note })
  opened.use(await database.listen('core_key', (keyId) => keyring.forget(keyId)))
  opened.use(await database.listen('core_member', (subject) => keyring.forgetUser(subject)))
  const owned = opened.move()
  return { ...keyring, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
