import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'session:run': { summary: 'Open and keep sessions of running processes', role: 'operator' },
} as const satisfies Record<`session:${string}`, ScopeKind>
