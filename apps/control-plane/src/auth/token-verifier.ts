import { isRole, type Role } from '@core/api'
import type { JwtSettings } from '@core/config'
import { type Clock, CoreError, isCoreError, isObject, systemClock } from '@core/foundation'
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'

/** What a token says once it is known to be genuine. */
export interface TokenClaims {
  /** `user:` and its sub. */
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
  /** A role in every project, where the configured claim gives one. */
  readonly role: Role | undefined
}

export interface TokenVerifier {
  /** Rejects with E_UNAUTHENTICATED and a reason, or E_ISSUER_UNAVAILABLE where it can be neither trusted nor refused. */
  verify(token: string): Promise<TokenClaims>
}

export interface TokenVerifierDependencies {
  readonly settings: JwtSettings
  readonly keys: JWTVerifyGetKey
  readonly clock?: Clock
}

/** What public keys can prove. HS256 is not among them: a public key must never serve as a shared secret. */
const publicKeyAlgorithms = ['ES256', 'RS256', 'EdDSA']
/** Clocks of two machines agree to about this. */
const clockToleranceS = 5

/** Checks tokens of one issuer: signature, algorithm, iss, aud, exp, nbf, crit and sub. */
export function createTokenVerifier({ settings, keys, ...options }: TokenVerifierDependencies): TokenVerifier {
  const { clock = systemClock } = options
  const { issuer, audience, roleClaim } = settings
  const secret = settings.secret === undefined ? undefined : new TextEncoder().encode(settings.secret.reveal())

  async function check(token: string): Promise<JWTPayload> {
    const rules = {
      issuer,
      audience: [...audience],
      requiredClaims: ['iss', 'aud', 'exp', 'sub'],
      clockTolerance: clockToleranceS,
      currentDate: new Date(clock.now()),
    }
    const isShared = decodeProtectedHeader(token).alg === 'HS256'
    // The algorithm chooses between two closed worlds: the secret proves HS256 alone, the issuer's keys all else.
    const { payload } =
      isShared && secret !== undefined
        ? await jwtVerify(token, secret, { ...rules, algorithms: ['HS256'] })
        : await jwtVerify(token, keys, { ...rules, algorithms: publicKeyAlgorithms })
    return payload
  }

  return {
    async verify(token) {
      let payload: JWTPayload
      try {
        payload = await check(token)
      } catch (error) {
        throw isCoreError(error) ? error : refuse(...explain(error), error)
      }
      const { sub, exp = 0 } = payload
      if (typeof sub !== 'string' || !/^[!-~]{1,255}$/.test(sub))
        throw refuse('token_subject', 'this token has no valid subject')
      const role = roleClaim === undefined ? undefined : claimAt(payload, roleClaim)
      return { subject: `user:${sub}`, expiresAtMs: exp * 1000, role: isRole(role) ? role : undefined }
    },
  }
}

/** The claim of that name, or where a dot leads into an object. */
function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path]
  return path
    .split('.')
    .reduce<unknown>((node, name) => (isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined), payload)
}

function refuse(reason: string, message: string, cause?: unknown): CoreError {
  return new CoreError('E_UNAUTHENTICATED', message, {
    details: { reason },
    fix: 'Get a new token from the issuer, made for this audience.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function explain(error: unknown): [reason: string, message: string] {
  if (error instanceof errors.JWTExpired) return ['token_expired', 'this token has expired']
  if (error instanceof errors.JWTClaimValidationFailed) return claimFaults[error.claim] ?? claimFaults.other
  if (error instanceof errors.JOSEAlgNotAllowed)
    return ['token_algorithm', 'this token is signed in a way that is not accepted here']
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return ['token_signature', 'the signature of this token is wrong']
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return ['token_key', 'the issuer has no such key as this token names']
  if (error instanceof errors.JOSENotSupported)
    return ['token_unsupported', 'this token demands what is not understood here']
  return ['token_malformed', 'this is not a token']
}

const claimFaults: Readonly<Record<string, [reason: string, message: string]>> & {
  readonly other: [reason: string, message: string]
} = {
  iss: ['token_issuer', 'this token is of another issuer'],
  aud: ['token_audience', 'this token is for another audience'],
  nbf: ['token_not_yet_valid', 'this token is not valid yet'],
  sub: ['token_subject', 'this token has no valid subject'],
  other: ['token_claims', 'this token lacks a claim or has a broken one'],
}
