import type { JwtSettings } from '@core/config'
import { countSigningKeys } from '@core/control-plane'
import { isCoreError } from '@core/foundation'
import { type Finding, fault, ok, skipped, warning } from './finding.ts'

/** Whether the keys of the configured issuer of tokens can be fetched: without them no token is accepted. */
export async function checkIssuer(jwt: JwtSettings | undefined): Promise<Finding> {
  if (jwt === undefined) return skipped('issuer', 'no tokens are accepted; CORE_JWT_ISSUER names whose would be')
  const fix = 'Check CORE_JWT_ISSUER and CORE_JWT_JWKS_URL, and that the issuer can be reached from here.'
  // With a shared secret an issuer may well have no keys to publish.
  const complain = jwt.secret === undefined ? fault : warning
  try {
    const count = await countSigningKeys(jwt)
    if (count === 0) return complain('issuer', `${jwt.issuer} publishes no keys`, fix)
    return ok('issuer', `${jwt.issuer} publishes ${count} ${count === 1 ? 'key' : 'keys'}`)
  } catch (error) {
    if (!isCoreError(error)) throw error
    const { cause } = error
    return complain('issuer', `${error.message}${cause instanceof Error ? `: ${cause.message}` : ''}`, fix)
  }
}
