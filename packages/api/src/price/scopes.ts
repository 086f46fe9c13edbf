import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'price:read': { summary: 'Read prices and what usage costs', role: 'viewer' },
  'price:write': { summary: 'Change prices and what a credit is worth', role: null },
} as const satisfies Record<`price:${string}`, ScopeKind>
