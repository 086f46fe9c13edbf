import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const about = { insight: z.string().describe('The id of the insight'), project: z.string().describe('Its author') }

export const topics = {
  insight: {
    scope: 'insight:share',
    kind: 'log',
    summary: 'A project has shared what it learnt, or decided on an insight of another',
    types: {
      shared: z.looseObject({ ...about, category: z.string(), title: z.string(), expectedBasisPoints: z.int() }),
      decided: z.looseObject({
        ...about,
        by: z.string().describe('Who decided'),
        decision: z.enum(['adopted', 'rejected', 'reverted']),
        effectBasisPoints: z.int().nullable(),
      }),
    },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
