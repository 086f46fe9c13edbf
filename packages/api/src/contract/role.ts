import { type Capability, capabilities } from './scope.ts'

const viewer: readonly Capability[] = ['project:read', 'flag:read', 'ledger:read', 'event:read', 'member:read']
const operator: readonly Capability[] = [
  ...viewer,
  'key:read',
  'flag:write',
  'ledger:spend',
  'ledger:account',
  'error:read',
]
const admin: readonly Capability[] = [
  ...operator,
  'project:write',
  'key:write',
  'ledger:operate',
  'member:write',
  'audit:read',
  'error:write',
]
/** All but what looks beyond the project. */
const owner: readonly Capability[] = capabilities.filter((capability) => capability !== 'system:read')

/**
 * What a member may do, by role. Each role includes the one before it; only an owner changes the rules of money. The
 * database has the same table (`core.role_scopes`) and decides by it who may give which role.
 */
export const roleScopes = { viewer, operator, admin, owner } as const satisfies Record<string, readonly Capability[]>

export type Role = keyof typeof roleScopes

export const roles = Object.keys(roleScopes) as [Role, ...Role[]]

export function isRole(value: unknown): value is Role {
  return typeof value === 'string' && Object.hasOwn(roleScopes, value)
}
