import { scopes } from '../nouns.ts'
import { type Role, roles } from './role.ts'

/** A scope of the API. The database has the same as rows of `core.scope`; a test holds the two equal. */
export type Scope = keyof typeof scopes

export const scopeNames = Object.keys(scopes) as [Scope, ...Scope[]]

export function isScope(value: unknown): value is Scope {
  return typeof value === 'string' && Object.hasOwn(scopes, value)
}

/**
 * What a member may do, by role. The database has the same table (`core.role_scopes`) and decides by it who may give
 * which role.
 */
export const roleScopes: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: scopesOf('viewer'),
  operator: scopesOf('operator'),
  admin: scopesOf('admin'),
  owner: scopesOf('owner'),
}

function scopesOf(role: Role): Scope[] {
  const included: readonly (Role | null)[] = roles.slice(0, roles.indexOf(role) + 1)
  return scopeNames.filter((scope) => included.includes(scopes[scope].role))
}
