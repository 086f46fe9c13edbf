import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'key:read': { summary: 'List API keys and check one; never the secrets', role: 'operator' },
  'key:write': { summary: 'Create, change, reroll and revoke API keys', role: 'admin' },
} as const satisfies Record<`key:${string}`, ScopeKind>
