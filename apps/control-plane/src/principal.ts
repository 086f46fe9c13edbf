import { type Capability, capabilities } from '@core/api'
import type { MemberClaims, OwnerClaims } from '@core/database'

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
export function claimsOf({ subject, scopes }: Principal, project: string, requestId?: string): MemberClaims {
  return { role: 'core_member', project, caps: [...scopes], sub: subject, requestId }
}

/** What names the owner in journals where no project bounds it. It adds no right to those of the server's connection. */
export function ownerClaimsOf({ subject }: Principal, requestId: string): OwnerClaims {
  return { role: 'owner', sub: subject, requestId }
}
