import type { z } from 'zod/mini'
import { type ConfigFault, nothing } from './config-fault.ts'
import { isKeyAddress } from './jwt-value.ts'
import type { ChosenValues } from './layer.ts'
import type { configSchema } from './schema.ts'
import { createSecret, type Secret } from './secret.ts'

/** Whose tokens are accepted, and how they are checked. */
export interface JwtSettings {
  /** The claim `iss`, exactly. */
  readonly issuer: string
  /** The claim `aud`: one of these. */
  readonly audience: readonly string[]
  /** Where the issuer's keys are; undefined: its discovery says so. */
  readonly jwksUrl: string | undefined
  /** Of HS256; undefined: HS256 is refused. */
  readonly secret: Secret | undefined
  /** The claim that gives a role in every project, if one does. */
  readonly roleClaim: string | undefined
}

/** What is missing between the settings of this section: each is valid alone. */
export function findJwtFaults(chosen: ChosenValues): ConfigFault[] {
  const names = ['jwt.audience', 'jwt.jwksUrl', 'jwt.secret', 'jwt.roleClaim'] as const
  if (!chosen.has('jwt.issuer')) {
    const set = names.find((name) => chosen.has(name))
    return set === undefined ? [] : [missing('CORE_JWT_ISSUER', 'jwt.issuer', `because ${variables[set]} is set`)]
  }
  const faults: ConfigFault[] = []
  if (!chosen.has('jwt.audience')) {
    const because = 'because CORE_JWT_ISSUER is set; for Supabase: authenticated'
    faults.push(missing('CORE_JWT_AUDIENCE', 'jwt.audience', because))
  }
  const issuer = chosen.get('jwt.issuer')?.value
  if (!chosen.has('jwt.jwksUrl') && typeof issuer === 'string' && URL.canParse(issuer) && !isKeyAddress(issuer)) {
    const because = 'because keys must not be fetched from CORE_JWT_ISSUER without TLS'
    faults.push(missing('CORE_JWT_JWKS_URL', 'jwt.jwksUrl', because))
  }
  return faults
}

const variables = {
  'jwt.audience': 'CORE_JWT_AUDIENCE',
  'jwt.jwksUrl': 'CORE_JWT_JWKS_URL',
  'jwt.secret': 'CORE_JWT_SECRET',
  'jwt.roleClaim': 'CORE_JWT_ROLE_CLAIM',
} as const

function missing(variable: string, path: string, because: string): ConfigFault {
  return { variable, path, source: 'environment', found: nothing, expected: `a value, ${because}` }
}

/** The section, from values in which `findJwtFaults` found none; undefined without an issuer. */
export function toJwtSettings(values: z.output<typeof configSchema>['jwt']): JwtSettings | undefined {
  const { issuer, audience, jwksUrl, secret, roleClaim } = values
  if (issuer === undefined) return undefined
  return {
    issuer,
    audience: audience ?? [],
    jwksUrl,
    secret: secret === undefined ? undefined : createSecret(secret),
    roleClaim,
  }
}
