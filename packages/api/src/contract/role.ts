/** The roles of members, each with the scopes of the one before it and more. */
export const roles = ['viewer', 'operator', 'admin', 'owner'] as const

export type Role = (typeof roles)[number]

export function isRole(value: unknown): value is Role {
  return typeof value === 'string' && roles.some((role) => role === value)
}
