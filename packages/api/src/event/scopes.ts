import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'event:read': { summary: 'Receive events; each topic needs its own scope as well', role: 'viewer' },
} as const satisfies Record<`event:${string}`, ScopeKind>
