import { z } from 'zod'
import { roles } from '../contract/role.ts'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

const member = z.looseObject({
  project: z.string(),
  subject: z.string().describe('user: and the sub of the person’s token'),
  role: z.enum(roles).describe('Of removed: the role that ended'),
  name: z.string().nullable(),
})

export const topics = {
  member: {
    scope: 'member:read',
    kind: 'log',
    summary: 'A person was let in, has another role, or was shown out',
    types: { set: member, removed: member },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
