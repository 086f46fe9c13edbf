import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

export const topics = {
  message: {
    scope: 'message:receive',
    kind: 'log',
    summary: 'Messages have become dead letters; their sender and their recipient hear of it',
    types: {
      dead: z.looseObject({
        from: z.string().describe('The sender'),
        to: z.string().describe('Whose inbox it is'),
        reason: z.enum(['attempts', 'expired', 'rejected']),
        count: z.int().describe('How many at once'),
        delivery: z.string().describe('The id of the first one'),
      }),
    },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
