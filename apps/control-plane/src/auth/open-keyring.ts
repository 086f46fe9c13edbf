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
  readonly database: Pick<Database, 'rpc'>
  readonly config: Pick<Config, 'auth' | 'jwt' | 'ownerKey'>
  /** Where clients reach this server, once it listens. */
  readonly publicUrl: () => string
  readonly logger: Logger
  readonly report?: LoopReport | undefined
}

/** The keyring; it records when keys were last used until disposed. */
export function openKeyring({
  database,
  config,
  publicUrl,
  logger,
  report,
}: OpenKeyringOptions): Keyring & AsyncDisposable {
  const uses = openKeyUses({ database, logger, report })
  const userTokens = config.jwt && openUserTokens(config.jwt, database)
  const ownerKey = config.ownerKey?.reveal()
  const cookie = createLoginCookie(publicUrl)
  const logins = createLogins({ database, settings: config.auth, ownerKey, cookie })
  const keyring = createKeyring({ database, ownerKey, userTokens, logins, onUse: uses.note })
  return { ...keyring, [Symbol.asyncDispose]: () => uses[Symbol.asyncDispose]() }
}
