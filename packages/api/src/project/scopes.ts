import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'project:read': { summary: 'Read project metadata', role: 'viewer' },
  'project:write': { summary: 'Change project metadata', role: 'admin' },
} as const satisfies Record<`project:${string}`, ScopeKind>
