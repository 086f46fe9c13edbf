import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'fleet:read': { summary: 'Read which projects there are and how they are doing', role: 'viewer' },
} as const satisfies Record<`fleet:${string}`, ScopeKind>
