import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'insight:share': { summary: 'Share insights with other projects and remove them', role: 'operator' },
  'insight:decide': { summary: 'Adopt, reject and revert insights of other projects', role: 'operator' },
} as const satisfies Record<`insight:${string}`, ScopeKind>
