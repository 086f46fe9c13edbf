import { z } from 'zod'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const flag = z.looseObject({
  name: z.string(),
  project: z.string().nullable().describe('null: for all projects'),
  value: z.unknown(),
  cleared: z.boolean(),
  rolloutBasisPoints: z.int().describe('The share of units that get the value, 0 to 10000'),
  version: z.int(),
})

export const topics = {
  flag: {
    scope: 'flag:read',
    kind: 'log',
    summary: 'An override of a flag was set or cleared, for the project or for all',
    types: { set: flag, cleared: flag },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
