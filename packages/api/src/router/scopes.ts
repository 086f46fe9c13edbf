import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'model:call': { summary: 'Call models', role: 'operator' },
  'model:read': { summary: 'Read providers, routes and model calls', role: 'viewer' },
  'model:content': { summary: 'Read what model calls asked and answered', role: 'admin' },
  'model:write': { summary: 'Change providers and routes', role: 'admin' },
} as const satisfies Record<`model:${string}`, ScopeKind>
