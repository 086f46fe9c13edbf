import type { Config } from '@core/config'
import { isObject } from '@core/foundation'
import { type Finding, fault, ok, skipped } from './finding.ts'

const timeoutMs = 5_000

/** Whether people can sign in as the settings say: the issuer answers as itself, and a sign-in can be sealed. */
export async function checkSignIn({
  auth,
  database,
  secretsKey,
}: Pick<Config, 'auth' | 'database' | 'secretsKey'>): Promise<Finding> {
  const { provider, issuer } = auth
  if (provider === 'local' || issuer === undefined) {
    return skipped('sign-in', 'with the owner key alone; CORE_AUTH_PROVIDER names another way')
  }
  if (database.driver !== 'embedded' && secretsKey.length === 0) {
    return fault('sign-in', 'there is no key to seal a sign-in with', 'Set CORE_SECRETS_KEY on every control plane.')
  }
  const fix = 'Check CORE_AUTH_ISSUER, and that the issuer can be reached from here.'
  const address = `${issuer.replace(/\/+$/, '')}${provider === 'supabase' ? '/settings' : '/.well-known/openid-configuration'}`
  const key = provider === 'supabase' ? auth.clientSecret?.reveal() : undefined
  try {
    const headers: Record<string, string> = key === undefined ? {} : { apikey: key }
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    // An issuer of tokens may publish its keys without a discovery.
    if (response.status === 404 && provider === 'tokens') return ok('sign-in', `at ${issuer}, by its keys`)
    if (!response.ok) return fault('sign-in', `${issuer} answered ${response.status}`, fix)
    const found: unknown = await response.json()
    if (provider !== 'supabase' && (!isObject(found) || found['issuer'] !== issuer)) {
      return fault(
        'sign-in',
        `what answers at ${issuer} names another issuer`,
        'Set CORE_AUTH_ISSUER exactly as it says.',
      )
    }
    return ok('sign-in', `at ${issuer}, by ${provider}`)
  } catch {
    return fault('sign-in', `${issuer} does not answer`, fix)
  }
}
