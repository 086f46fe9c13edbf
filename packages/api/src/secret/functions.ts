import { z } from 'zod/mini'
import { accepted, instant } from '../contract/answer-field.ts'
import { integer, optional, text, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const secret = {
  name: z.string(),
  project: z.nullable(z.string()),
  version: z.string(),
  key_id: z.string(),
  created_at: instant,
  created_by: z.string(),
  updated_at: instant,
  updated_by: z.string(),
}
const project = optional(text)

export const secretPut = describeFunction({
  name: 'secret_put',
  args: { name: text, sealed: text, version: uuid, project },
  answer: z.object({ ...accepted, created: z.boolean(), ...secret }),
})

export const secretRemove = describeFunction({
  name: 'secret_remove',
  args: { name: text, project },
  answer: z.object({ ...accepted, ...secret }),
})

export const secretList = describeFunction({
  name: 'secret_list',
  args: { project },
  answer: z.object({ ...accepted, secrets: z.array(z.object(secret)) }),
})

/** For the process with the keys alone. */
export const secretSealed = describeFunction({
  name: 'secret_sealed',
  args: { name: text, project },
  answer: z.object({ ...accepted, version: z.string(), sealed: z.string() }),
})

/** Secrets that another key sealed. */
export const secretStale = describeFunction({
  name: 'secret_stale',
  args: { keyId: text, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    secrets: z.array(
      z.object({ project: z.nullable(z.string()), name: z.string(), version: z.string(), sealed: z.string() }),
    ),
  }),
})

export const secretRewrap = describeFunction({
  name: 'secret_rewrap',
  args: { name: text, version: uuid, sealed: text, project },
  answer: z.object({ ...accepted, rewrapped: z.boolean() }),
})
