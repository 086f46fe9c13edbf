import type { Config } from '@core/config'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { LoopReport } from '../process/loop.ts'
import { openKeyUses } from './key-uses.ts'
import { createKeyring, type Keyring } from './keyring.ts'
import { createLoginCookie } from './login-cookie.ts'
import { createLogins } from './logins.ts'
import { openUserTokens } from './open-user-tokens.ts'

export interface OpenKeyringOptions {
  readonly database: Pick<Database, 'rpc' | 'listen'>
  readonly config: Pick<Config, 'auth' | 'jwt' | 'ownerKey'>
  /** Where clients reach this server, once it listens. */
  readonly publicUrl: () => string
  readonly logger: Logger
  readonly report?: LoopReport | undefined
}

/** The keyring, kept current by the database's hints; it records when keys were last used until disposed. */
export async function openKeyring({
  database,
  config,
  publicUrl,
  logger,
  report,
}: OpenKeyringOptions): Promise<Keyring & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const uses = opened.use(openKeyUses({ database, logger, report }))
  const userTokens = config.jwt && openUserTokens(config.jwt, database)
  const ownerKey = config.ownerKey?.reveal()
  const cookie = createLoginCookie(publicUrl)
  const logins = createLogins({ database, settings: config.auth, ownerKey, cookie })
  const keyring = createKeyring({ database, ownerKey, userTokens, logins, onUse: uses.note })
  opened.use(await database.listen('core_key', (keyId) => keyring.forget(keyId)))
  opened.use(await database.listen('core_member', (subject) => keyring.forgetUser(subject)))
  opened.use(await database.listen('core_login', (id) => keyring.forgetLogin(id)))
  const owned = opened.move()
  return { ...keyring, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
