import { isScope, type Role, roles as roleNames, roleScopes, type Scope, scopeNames } from '@core/api'
import type { MemberClaims, OwnerClaims } from '@core/database'
import { CoreError, toTimestamp } from '@core/foundation'

/** Who a request acts for. Made from the credential alone, never from the request's path or body. */
export interface Principal {
  /** As journals name it: `key:<id>`, `user:<sub>` or `owner`. */
  readonly subject: string
  /**
   * The one project it acts for: a key's own, a user's only one, or after `bindTo` the path's. Undefined for a
   * credential of every project; empty for a user with none or several, until a path names one.
   */
  readonly project: string | undefined
  /** In that project; of a user with several, in any of them. */
  readonly scopes: ReadonlySet<Scope>
  /** Of a user: the role in each project, and under null the role in every project. Missing for keys. */
  readonly roles?: ReadonlyMap<string | null, Role>
  /** RFC 3339, or null for a credential without end. */
  readonly expiresAt: string | null
  /** Of a login: its id, and the person as the issuer names them. */
  readonly login?: { readonly id: string; readonly issuer: string; readonly subject: string }
}

export const ownerScopes: ReadonlySet<Scope> = new Set(scopeNames)

/** Who has the key of the configuration. */
export const ownerPrincipal: Principal = { subject: 'owner', project: undefined, scopes: ownerScopes, expiresAt: null }

interface StoredKey {
  readonly id: string
  readonly project: string | null
  readonly caps: readonly string[]
  readonly expires_at: string | null
}

/** The principal of a stored key. A scope of a later version is none that this one could judge. */
export function keyPrincipal({ id, project, caps, expires_at: expiresAt }: StoredKey): Principal {
  return { subject: `key:${id}`, project: project ?? undefined, scopes: new Set(caps.filter(isScope)), expiresAt }
}

const scopesOf: Readonly<Record<Role, ReadonlySet<Scope>>> = {
  viewer: new Set(roleScopes.viewer),
  operator: new Set(roleScopes.operator),
  admin: new Set(roleScopes.admin),
  owner: new Set(roleScopes.owner),
}
const noScopes: ReadonlySet<Scope> = new Set()

/** Of a role in every project: its owner is the owner of the whole system. */
function scopesEverywhere(role: Role): ReadonlySet<Scope> {
  return role === 'owner' ? ownerScopes : scopesOf[role]
}

interface User {
  readonly subject: string
  readonly expiresAtMs: number
  /** In every project. */
  readonly role: Role | undefined
}

/** The principal of a user with these roles. */
export function userPrincipal(
  { subject, expiresAtMs, role }: User,
  members: readonly (readonly [string, Role])[],
): Principal {
  const roles = new Map<string | null, Role>(members)
  if (role !== undefined) roles.set(null, role)
  const [only] = members
  const highest = [...roles.values()].reduce<Role | undefined>(higher, undefined)
  const everywhere = role === undefined ? undefined : scopesEverywhere(role)
  return {
    subject,
    project: role === undefined ? (members.length === 1 ? only?.[0] : '') : undefined,
    scopes: everywhere ?? (highest === undefined ? noScopes : scopesOf[highest]),
    roles,
    expiresAt: toTimestamp(expiresAtMs),
  }
}

/** The principal within one project; undefined where it may not know that the project exists. */
export function bindTo(principal: Principal, project: string): Principal | undefined {
  const { roles, project: own } = principal
  if (roles === undefined) return own === undefined || own === project ? principal : undefined
  const everywhere = roles.get(null)
  const here = roles.get(project)
  const role = higher(everywhere, here)
  if (role === undefined) return undefined
  // Only a role in every project may reach beyond this one.
  return role === everywhere
    ? { ...principal, project: undefined, scopes: scopesEverywhere(role) }
    : { ...principal, project, scopes: scopesOf[role] }
}

/** Whether it may do everything everywhere. */
export function isOwner({ project, scopes }: Principal): boolean {
  return project === undefined && scopeNames.every((scope) => scopes.has(scope))
}

/** Whether two principals of one credential may do the same. */
export function haveSameRoles({ roles: one = noRoles }: Principal, { roles: other = noRoles }: Principal): boolean {
  return one.size === other.size && [...one].every(([project, role]) => other.get(project) === role)
}

const noRoles: ReadonlyMap<string | null, Role> = new Map()

/** Roles include each other in the order of their list. */
function higher(one: Role | undefined, other: Role | undefined): Role | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return roleNames.indexOf(one) >= roleNames.indexOf(other) ? one : other
}

/**
 * The claims that bind a call in the database to one project: the second wall behind the checks of the routes. The
 * owner passes it, too, with every scope, so that a path's project bounds what any request can touch.
 */
export function claimsOf({ subject, scopes }: Principal, project: string, requestId?: string): MemberClaims {
  return { role: 'core_member', project, caps: toCaps(scopes), sub: subject, requestId }
}

/** One list for all calls of a credential. */
function toCaps(scopes: ReadonlySet<Scope>): readonly Scope[] {
  let caps = capsOf.get(scopes)
  if (caps === undefined) {
    caps = Object.freeze([...scopes])
    capsOf.set(scopes, caps)
  }
  return caps
}

const capsOf = new WeakMap<ReadonlySet<Scope>, readonly Scope[]>()

/** The same for an account outside every project: the owner's alone. */
export function rootClaimsOf(owner: Principal, root: string, requestId?: string): MemberClaims {
  if (!isOwner(owner)) throw new CoreError('E_INTERNAL', 'only the owner acts outside projects')
  return { ...claimsOf(owner, root, requestId), root: true }
}

/** What names the owner in journals where no project bounds it. It adds no right to those of the server's connection. */
export function ownerClaimsOf({ subject }: Principal, requestId: string): OwnerClaims {
  return { role: 'owner', sub: subject, requestId }
}
