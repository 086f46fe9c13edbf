import { z } from 'zod/mini'
import { accepted, instant, whole } from '../contract/answer-field.ts'
import { integer, interval, json, oneOf, optional, text, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const group = {
  id: z.string(),
  fingerprint: z.string(),
  project: z.nullable(z.string()),
  kind: z.string(),
  name: z.string(),
  code: z.nullable(z.string()),
  place: z.string(),
  frames: z.array(z.string()),
  message: z.string(),
  count: whole,
  status: z.enum(['open', 'ignored', 'resolved']),
  first_seen: instant,
  last_seen: instant,
  last_request_id: z.nullable(z.string()),
  last_version: z.nullable(z.string()),
  resolved_at: z.nullable(instant),
  resolved_by: z.nullable(z.string()),
}

export const errorRecord = describeFunction({
  name: 'error_record',
  args: { groups: json },
  answer: z.object({ ...accepted, recorded: whole }),
})

export const errorList = describeFunction({
  name: 'error_list',
  args: { project: optional(text), status: optional(text), after: optional(text), limit: optional(integer) },
  answer: z.object({ ...accepted, errors: z.array(z.object(group)), next: z.nullable(z.string()) }),
})

export const errorUpdate = describeFunction({
  name: 'error_update',
  args: { id: uuid, status: oneOf('open', 'ignored', 'resolved'), project: optional(text) },
  answer: z.object({ ...accepted, ...group }),
})

export const errorTrim = describeFunction({
  name: 'error_trim',
  args: { keep: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, trimmed: whole }),
})
