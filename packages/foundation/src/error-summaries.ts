import type { ErrorCode } from './errors.ts'

/** What each code means, for the reference and for answers that must say no more. Apart from the codes, so that small bundles leave it out. */
export const errorSummaries: Readonly<Record<ErrorCode, string>> = {
  E_INVALID: 'An argument is missing, malformed or out of range. Nothing was changed.',
  E_UNAUTHENTICATED: 'The credential is missing, unknown, expired or disabled.',
  E_FORBIDDEN: 'The caller is known but lacks the scope, or acts for another project.',
  E_NOT_FOUND: 'The named hold, transaction, flag, key or project does not exist.',
  E_CONFLICT: 'The request contradicts the present state.',
  E_PRECONDITION_FAILED: 'What was to be edited is not as the caller last saw it. Nothing was changed; read it again.',
  E_TOO_LARGE: 'A batch, body or metadata object exceeds its limit.',
  E_IDEMPOTENCY_MISMATCH: 'The key was used before with another payload.',
  E_RATE_LIMITED: 'Too many requests in the window.',
  E_TIMEOUT: 'The deadline passed. The outcome is unknown; send the same key again.',
  E_ABORTED: 'The caller aborted. The outcome is unknown; send the same key again.',
  E_DATABASE_UNAVAILABLE: 'The database cannot be reached, or the connection was lost.',
  E_DATABASE_BUSY: 'A lock or serialisation conflict outlasted the retries.',
  E_DATABASE_SCHEMA: 'The database lacks a function this version needs. Run `core migrate up`.',
  E_ISSUER_UNAVAILABLE:
    'The keys of the issuer of tokens cannot be fetched, so a token can be neither trusted nor refused.',
  E_DATABASE_LOCKED: 'Another process has this embedded database open.',
  E_LEASE_JOURNAL: 'The journal of a credit lease cannot be read or written, or is full. Nothing acknowledged is lost.',
  E_LOAD_FAILED:
    'Another process tried to load this cache entry and failed a moment ago. It is tried again after a pause.',
  E_LEASE_LOCKED: 'Another process has the journal of this credit lease open.',
  E_PROVIDER: 'A model, storage or login provider refused the call or failed; `details.reason` says how.',
  E_CONFIG_INVALID: 'The configuration has faults; all of them are listed.',
  E_CLOSED: 'The object was closed before the call.',
  E_INTERNAL: 'A fault of Core itself.',
}
