import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'system:read': { summary: 'Read system status and bottlenecks', role: null },
} as const satisfies Record<`system:${string}`, ScopeKind>
