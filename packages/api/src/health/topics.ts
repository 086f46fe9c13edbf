import { z } from 'zod'
import { scoreField, worstField } from '../contract/health-field.ts'
import type { TopicKind } from '../contract/topic-kind.ts'

const change = z.looseObject({
  project: z.string(),
  health: z.enum(['good', 'fair', 'poor', 'unknown']).describe('good: 80 or more, fair: 50 or more, poor: less'),
  before: z.string().describe('What it was before'),
  score: scoreField,
  worst: worstField,
})

export const topics = {
  'manifest.health': {
    scope: 'fleet:read',
    kind: 'log',
    summary: 'The health of a project has changed between good, fair and poor',
    types: { good: change, fair: change, poor: change, unknown: change },
  },
} as const satisfies Record<string, TopicKind<'fleet:read'>>
