import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'message:send': { summary: 'Send messages to projects and topics and read what was sent', role: 'operator' },
  'message:receive': {
    summary: 'Receive the messages of the project and subscribe it to topics',
    role: 'operator',
  },
} as const satisfies Record<`message:${string}`, ScopeKind>
