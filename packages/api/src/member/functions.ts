import { z } from 'zod/mini'
import { accepted, instant } from '../contract/answer-field.ts'
import { integer, oneOf, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'
import { roles } from '../contract/role.ts'

const project = text
const subject = text
const role = oneOf(...roles)
const member = {
  ...accepted,
  project: z.string(),
  subject: z.string(),
  role: z.enum(roles),
  name: z.nullable(z.string()),
  created_by: z.string(),
  created_at: instant,
  updated_by: z.string(),
  updated_at: instant,
  etag: z.string(),
}
const { ok: _, ...row } = member

export const memberAdd = describeFunction({
  name: 'member_add',
  args: { key: text, project, subject, role, name: optional(text) },
  answer: z.object({ ...member, replayed: z.boolean() }),
})

export const memberSet = describeFunction({
  name: 'member_set',
  args: { project, subject, role, name: optional(text), ifMatch: optional(texts) },
  answer: z.object(member),
})

export const memberUpdate = describeFunction({
  name: 'member_update',
  args: { project, subject, role: optional(role), name: optional(text), ifMatch: optional(texts) },
  answer: z.object(member),
})

export const memberGet = describeFunction({
  name: 'member_get',
  args: { project, subject },
  answer: z.object(member),
})

export const memberRemove = describeFunction({
  name: 'member_remove',
  args: { project, subject },
  answer: z.object(member),
})

export const memberList = describeFunction({
  name: 'member_list',
  args: { project, after: optional(text), limit: optional(integer) },
  answer: z.object({ ...accepted, members: z.array(z.object(row)), next: z.nullable(z.string()) }),
})

/** The roles of a user, by project. */
export const memberRoles = describeFunction({
  name: 'member_roles',
  args: { subject },
  answer: z.object({
    ...accepted,
    /** A later version may know further roles. */
    roles: z.array(z.object({ project: z.string(), role: z.string() })),
  }),
})
