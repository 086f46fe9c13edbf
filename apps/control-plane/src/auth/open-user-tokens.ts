import type { JwtSettings } from '@core/config'
import type { Database } from '@core/database'
import { createSigningKeys } from './signing-keys.ts'
import { createTokenVerifier } from './token-verifier.ts'
import { createUserTokens, type UserTokens } from './user-tokens.ts'

/** Those who come with a token of the configured issuer. Asks the issuer for nothing until the first one comes. */
export function openUserTokens(settings: JwtSettings, database: Pick<Database, 'rpc'>): UserTokens {
  const keys = createSigningKeys(settings)
  return createUserTokens({ database, verifier: createTokenVerifier({ settings, keys }) })
}
