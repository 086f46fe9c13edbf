import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'error:read': { summary: 'Read the unexpected errors of requests', role: 'operator' },
  'error:write': { summary: 'Mark errors as resolved or ignored', role: 'admin' },
} as const satisfies Record<`error:${string}`, ScopeKind>
