import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'claim:take': { summary: 'Take, renew and release claims on resource paths', role: 'operator' },
} as const satisfies Record<`claim:${string}`, ScopeKind>
