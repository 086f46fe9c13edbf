import type { Config } from '@core/config'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import { type LoopReport, startLoop } from '../process/loop.ts'
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

/** Half as long again is half of what a key is cached for: one that is used every 15 seconds is looked up once. */
const confirmEveryMs = 10_000

/** The keyring; it confirms keys, and records when they were last used, until disposed. */
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
  const work = (signal: AbortSignal) => keyring.confirm({ signal })
  const confirming = startLoop({ name: 'confirm keys', everyMs: confirmEveryMs, work, logger, report })
  return {
    ...keyring,
    async [Symbol.asyncDispose]() {
      await confirming[Symbol.asyncDispose]()
      await uses[Symbol.asyncDispose]()
    },
  }
}
