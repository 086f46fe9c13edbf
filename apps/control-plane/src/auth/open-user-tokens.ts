import type { JwtSettings } from '@core/config'
import type { Database } from '@core/database'
import { createSigningKeys } from './signing-keys.ts'
import { createTokenVerifier } from './token-verifier.ts'
import { createPeople, type People } from './user-tokens.ts'

/** Those who come with a token of the configured issuer. Asks the issuer for nothing until the first one comes. */
export function openPeople(settings: JwtSettings, database: Pick<Database, 'rpc'>): People {
  const keys = createSigningKeys(settings)
  return createPeople({ database, verifier: createTokenVerifier({ settings, keys }) })
}
