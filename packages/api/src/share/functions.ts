import { z } from 'zod/mini'
import { accepted, instant, whole } from '../contract/answer-field.ts'
import { bigint, flag, integer, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const share = {
  owner: z.string(),
  kind: z.string(),
  name: z.string(),
  grantee: z.string(),
  rights: z.array(z.string()),
  created_by: z.string(),
  created_at: instant,
  updated_by: z.string(),
  updated_at: instant,
  etag: z.string(),
}
const project = optional(text)
const named = { kind: text, name: text, grantee: text }

export const shareSet = describeFunction({
  name: 'share_set',
  args: { ...named, rights: texts, project, ifMatch: optional(texts) },
  answer: z.object({ ...accepted, ...share }),
})

export const shareRemove = describeFunction({
  name: 'share_remove',
  args: { ...named, project },
  answer: z.object({ ...accepted, ...share }),
})

/** What a project shares, or with `received` what others share with it. */
export const shareList = describeFunction({
  name: 'share_list',
  args: { project, received: optional(flag), after: optional(bigint), limit: optional(integer) },
  answer: z.object({ ...accepted, shares: z.array(z.object(share)), next: z.nullable(whole) }),
})
