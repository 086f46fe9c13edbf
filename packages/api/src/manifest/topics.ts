import { z } from 'zod'
import { timestampField } from '../contract/field.ts'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const change = z.looseObject({
  project: z.string(),
  status: z.enum(['starting', 'online', 'degraded', 'maintenance', 'offline']),
  before: z.string().describe('The status before'),
  lastBeatAt: timestampField.nullable(),
})

export const topics = {
  manifest: {
    scope: 'fleet:read',
    kind: 'log',
    summary: 'The status of a project has changed',
    types: { starting: change, online: change, degraded: change, maintenance: change, offline: change },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
