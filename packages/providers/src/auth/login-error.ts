import { CoreError } from '@core/foundation'

/** Without a cause: errors of issuers hold codes, tokens and addresses. */
export function loginRefused(message: string): CoreError {
  return new CoreError('E_UNAUTHENTICATED', message, { fix: 'Sign in again.', details: { reason: 'login_failed' } })
}

export function issuerUnavailable(issuer: string): CoreError {
  return new CoreError('E_ISSUER_UNAVAILABLE', `the issuer ${issuer} does not answer as it should`, {
    fix: 'Check CORE_AUTH_ISSUER, and that it can be reached from here.',
  })
}
