import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'share:write': { summary: 'Share things of the project with other projects', role: 'admin' },
} as const satisfies Record<`share:${string}`, ScopeKind>
