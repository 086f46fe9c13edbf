import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

export const topics = {
  webhook: {
    scope: 'webhook:write',
    kind: 'log',
    summary: 'A webhook was disabled, because its receiver failed for 24 hours or is gone',
    types: {
      disabled: z.looseObject({
        name: z.string(),
        topic: z.string().describe('The topic whose delivery failed'),
        reason: z.string(),
      }),
    },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
