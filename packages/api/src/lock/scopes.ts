import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'lock:take': { summary: 'Acquire, renew and release locks', role: 'operator' },
} as const satisfies Record<`lock:${string}`, ScopeKind>
