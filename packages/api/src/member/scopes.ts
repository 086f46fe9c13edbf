import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'member:read': { summary: 'Read the members of the project', role: 'viewer' },
  'member:write': { summary: 'Add, update and remove members', role: 'admin' },
} as const satisfies Record<`member:${string}`, ScopeKind>
