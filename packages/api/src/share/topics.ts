import { z } from 'zod'
import { timestampField } from '../contract/field.ts'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const change = z.looseObject({
  owner: z.string().describe('The project whose thing it is'),
  kind: z.string(),
  name: z.string(),
  grantee: z.string().describe('The project that may use it; * for every one'),
  rights: z.array(z.string()),
  updatedBy: z.string(),
  updatedAt: timestampField,
})

export const topics = {
  share: {
    scope: 'share:write',
    kind: 'log',
    summary: 'A share that the project gives or receives was set or removed',
    types: { set: change, removed: change },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
