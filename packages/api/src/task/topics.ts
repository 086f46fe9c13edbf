import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const task = { task: z.string().describe('The id of the task'), queue: z.string(), kind: z.string() }

export const topics = {
  task: {
    scope: 'task:work',
    kind: 'log',
    summary: 'A task has failed for good, or cannot run because one that it needs has',
    types: {
      dead: z.looseObject({ ...task, attempt: z.int(), error: z.string().nullable() }),
      blocked: z.looseObject(task),
    },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
