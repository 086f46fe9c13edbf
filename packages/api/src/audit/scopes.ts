import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'audit:read': { summary: 'Read the audit log: who changed what', role: 'admin' },
} as const satisfies Record<`audit:${string}`, ScopeKind>
