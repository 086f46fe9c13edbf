import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

export const topics = {
  cache: {
    scope: 'cache:read',
    kind: 'log',
    summary:
      'A whole namespace of the cache was voided. Single keys and tags are no events: processes follow them by hints',
    types: { cleared: z.looseObject({ namespace: z.string() }) },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
