import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'embedding:read': { summary: 'Search spaces of embeddings and read their statistics', role: 'viewer' },
  'embedding:write': { summary: 'Open spaces of embeddings, write and delete items', role: 'operator' },
  'embedding:operate': { summary: 'Migrate, measure and drop spaces of embeddings', role: 'operator' },
} as const satisfies Record<`embedding:${string}`, ScopeKind>
