import type { z } from 'zod/mini'
import { type ConfigFault, nothing } from './config-fault.ts'
import { isKeyAddress } from './jwt-value.ts'
import type { ChosenValues } from './layer.ts'
import { createSecret, type Secret } from './secret.ts'
import type { authSection } from './sections/auth.ts'

type Parsed = z.output<typeof authSection>

/** How people sign in. */
export interface AuthSettings extends Readonly<Omit<Parsed, 'clientSecret'>> {
  readonly clientSecret?: Secret | undefined
}

export function toAuthSettings({ clientSecret, ...settings }: Parsed): AuthSettings {
  return { ...settings, ...(clientSecret === undefined ? {} : { clientSecret: createSecret(clientSecret) }) }
}

/** What each provider needs, beside its own validity. */
const needs = {
  local: [],
  oidc: ['issuer', 'clientId'],
  supabase: ['issuer', 'clientId', 'clientSecret'],
  tokens: ['issuer', 'clientId'],
} as const
const variables = {
  issuer: 'CORE_AUTH_ISSUER',
  clientId: 'CORE_AUTH_CLIENT_ID',
  clientSecret: 'CORE_AUTH_CLIENT_SECRET',
} as const

export function findAuthFaults(chosen: ChosenValues): ConfigFault[] {
  const provider = chosen.get('auth.provider')?.value
  const name = provider === 'oidc' || provider === 'supabase' || provider === 'tokens' ? provider : 'local'
  const faults: ConfigFault[] = needs[name]
    .filter((setting) => !chosen.has(`auth.${setting}`))
    .map((setting) => ({
      variable: variables[setting],
      path: `auth.${setting}`,
      source: 'environment',
      found: nothing,
      expected: `a value, because CORE_AUTH_PROVIDER is ${name}`,
    }))
  const issuer = chosen.get('auth.issuer')
  const accepted = chosen.get('jwt.issuer')
  if (issuer === undefined || typeof issuer.value !== 'string') return faults
  const fault = (expected: string): ConfigFault => ({
    variable: variables.issuer,
    path: 'auth.issuer',
    source: issuer.source,
    found: JSON.stringify(issuer.value),
    expected,
  })
  if (name !== 'local' && accepted !== undefined && accepted.value !== issuer.value)
    faults.push(fault('the value of CORE_JWT_ISSUER, because members are named by subjects of one issuer'))
  if (URL.canParse(issuer.value) && !isKeyAddress(issuer.value))
    faults.push(fault('a URL that begins with https://, or with http:// for this machine or a host without a domain'))
  return faults
}
