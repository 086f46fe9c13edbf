import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'webhook:write': { summary: 'List, change, test and replay webhooks', role: 'admin' },
} as const satisfies Record<`webhook:${string}`, ScopeKind>
