import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'cache:read': { summary: 'Read cached values and statistics', role: 'viewer' },
  'cache:write': { summary: 'Write, delete and invalidate cached values', role: 'operator' },
  'cache:operate': { summary: 'Clear whole namespaces of the cache', role: 'operator' },
} as const satisfies Record<`cache:${string}`, ScopeKind>
