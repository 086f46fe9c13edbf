import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'file:read': { summary: 'List and read files', role: 'viewer' },
  'file:write': { summary: 'Upload and delete files', role: 'operator' },
  'file:operate': { summary: 'Set quotas of files, move files between stores', role: null },
} as const satisfies Record<`file:${string}`, ScopeKind>
