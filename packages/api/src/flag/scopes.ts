import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'flag:read': { summary: 'Read feature flags', role: 'viewer' },
  'flag:write': { summary: 'Set and clear feature flags', role: 'operator' },
} as const satisfies Record<`flag:${string}`, ScopeKind>
