import type { AuthSettings } from '@core/config'
import { CoreError } from '@core/foundation'
import { createLocalDriver, type LocalSettings } from './drivers/local.ts'
import { createSupabaseDriver } from './drivers/supabase.ts'
import type { LoginDriver } from './login-driver.ts'

export interface OpenLoginDriverOptions extends LocalSettings {
  readonly settings: AuthSettings
}

/** The driver that the settings name. The library of one that is not named is not loaded. */
export async function openLoginDriver({
  settings,
  redirectUri,
  resolve,
}: OpenLoginDriverOptions): Promise<LoginDriver> {
  const { provider, issuer, clientId, clientSecret } = settings
  if (provider === 'local') return createLocalDriver({ redirectUri, resolve })
  if (issuer === undefined || clientId === undefined) throw incomplete(provider)
  switch (provider) {
    case 'oidc': {
      const { openOidcDriver } = await import('./drivers/oidc.ts')
      return await openOidcDriver({ issuer, clientId, clientSecret, redirectUri })
    }
    case 'tokens': {
      const { openTokensDriver } = await import('./drivers/tokens.ts')
      return await openTokensDriver({ issuer, authorizedParty: clientId, redirectUri })
    }
    case 'supabase':
      if (clientSecret === undefined) throw incomplete(provider)
      return createSupabaseDriver({ issuer, provider: clientId, key: clientSecret, redirectUri })
  }
}

function incomplete(provider: string): CoreError {
  return new CoreError('E_CONFIG_INVALID', `the settings of the sign-in ${provider} are incomplete`, {
    fix: 'Set CORE_AUTH_ISSUER, CORE_AUTH_CLIENT_ID, and for supabase CORE_AUTH_CLIENT_SECRET.',
  })
}
