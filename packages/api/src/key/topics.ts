import { z } from 'zod'
import { timestampField } from '../contract/field.ts'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const key = z.looseObject({
  id: z.string(),
  project: z.string().nullable().describe('null: a key of the whole system'),
  name: z.string(),
  hint: z.string().describe('The first characters, never the key'),
  status: z.enum(['active', 'expired', 'disabled']),
  expiresAt: timestampField.nullable(),
  replacedBy: z.string().nullable(),
})

export const topics = {
  key: {
    scope: 'key:read',
    kind: 'log',
    summary: 'An API key was made, changed, rerolled or revoked',
    types: { created: key, updated: key, rerolled: key, revoked: key },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
