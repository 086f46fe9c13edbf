import type { JwtSettings } from '@core/config'
import type { Database } from '@core/database'
import { createSigningKeys } from './signing-keys.ts'
import { createTokenVerifier } from './token-verifier.ts'
import { createUserTokens, type UserTokens } from './user-tokens.ts'

/** Tokens of the configured issuer. Requests nothing from it until the first token arrives. */
export function openUserTokens(settings: JwtSettings, database: Pick<Database, 'rpc'>): UserTokens {
  const keys = createSigningKeys(settings)
  return createUserTokens({ database, verifier: createTokenVerifier({ settings, keys }) })
}
