import { scopes } from '../nouns.ts'
import { type Role, roles } from './role.ts'

/** A scope of the API. The database has the same as rows of `core.scope`; a test holds the two equal. */
export type Capability = keyof typeof scopes

export const capabilities = Object.keys(scopes) as [Capability, ...Capability[]]

export function isCapability(value: unknown): value is Capability {
  return typeof value === 'string' && Object.hasOwn(scopes, value)
}

/**
 * What a member may do, by role. The database has the same table (`core.role_scopes`) and decides by it who may give
 * which role.
 */
export const roleScopes: Readonly<Record<Role, readonly Capability[]>> = {
  viewer: scopesOf('viewer'),
  operator: scopesOf('operator'),
  admin: scopesOf('admin'),
  owner: scopesOf('owner'),
}

function scopesOf(role: Role): Capability[] {
  const included: readonly (Role | null)[] = roles.slice(0, roles.indexOf(role) + 1)
  return capabilities.filter((scope) => included.includes(scopes[scope].role))
}
