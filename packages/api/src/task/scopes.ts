import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'task:enqueue': { summary: 'Enqueue tasks and read them', role: 'operator' },
  'task:work': { summary: 'Claim tasks and report what became of them', role: 'operator' },
  'task:operate': { summary: 'Cancel and retry tasks, set how many of a group run at a time', role: 'operator' },
} as const satisfies Record<`task:${string}`, ScopeKind>
