import { CoreError } from '@core/foundation'
import type { Claims } from './database.ts'

/**
 * Claims as the database reads them. Copied field by field, so that other fields of the caller's object are dropped; an
 * owner's claims have no role, so that no function can mistake them for a right.
 * @throws CoreError E_INVALID for a role that is neither; without one the call would pass as the owner's.
 */
export function toJwtClaims(claims: Claims): object {
  switch (claims.role) {
    case 'core_member': {
      const { role, project, root, caps, sub, requestId: rid, requestIds: rids } = claims
      return { role, project, root, caps, sub, rid, rids }
    }
    case 'owner':
      return { sub: claims.sub, rid: claims.requestId }
    default:
      claims satisfies never
      throw new CoreError('E_INVALID', 'claims need the role core_member or owner', {
        details: { reason: 'invalid_claims' },
      })
  }
}
