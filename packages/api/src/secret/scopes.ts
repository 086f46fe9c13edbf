import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'secret:write': { summary: 'List, set and remove secrets; no value is ever shown', role: 'admin' },
} as const satisfies Record<`secret:${string}`, ScopeKind>
