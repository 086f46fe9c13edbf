import { type Capability, capabilities } from '@core/api'
import type { MemberClaims } from '@core/database'

/** Who a request acts for. Made from the credential alone, never from the request's path or body. */
export interface Principal {
  /** As journals name it: `key:<id>` or `owner`. */
  readonly subject: string
  /** The key's own project; undefined for the owner, who may act for any. */
  readonly project: string | undefined
  readonly scopes: ReadonlySet<Capability>
  /** RFC 3339, or null for a credential without end. */
  readonly expiresAt: string | null
}

export const ownerScopes: ReadonlySet<Capability> = new Set(capabilities)

/**
 * The claims that bind a call in the database to one project: the second wall behind the checks of the routes. The
 * owner passes it, too, with every capability, so that a path's project bounds what a request can touch, whoever asks.
 */
export function claimsOf({ subject, scopes }: Principal, project: string): MemberClaims {
  return { role: 'core_member', project, caps: [...scopes], sub: subject }
}
