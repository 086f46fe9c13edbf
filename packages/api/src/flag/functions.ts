import { z } from 'zod/mini'
import { accepted, anything, instant, whole } from '../contract/answer-field.ts'
import { bigint, integer, json, named, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const flag = {
  name: z.string(),
  project: z.nullable(z.string()),
  value: anything,
  cleared: z.boolean(),
  rollout_bp: whole,
  version: whole,
  updated_at: instant,
  updated_by: z.string(),
  /** Null where the override is cleared. */
  etag: z.nullable(z.string()),
}
/** `flag` is there where something changed. */
const changed = z.object({
  ...accepted,
  changed: z.boolean(),
  version: whole,
  etag: z.nullable(z.string()),
  flag: z.optional(z.object(flag)),
})

/** Without a project, for all. */
export const flagSet = describeFunction({
  name: 'flag_set',
  args: {
    name: text,
    value: json,
    project: optional(text),
    rolloutBasisPoints: optional(named('p_rollout_bp', integer)),
    ifMatch: optional(texts),
  },
  answer: changed,
})

export const flagClear = describeFunction({
  name: 'flag_clear',
  args: { name: text, project: optional(text), ifMatch: optional(texts) },
  answer: changed,
})

/** Where there are `more`, `version` continues the list. */
export const flagList = describeFunction({
  name: 'flag_list',
  args: { project: optional(text), afterVersion: optional(bigint), limit: optional(integer) },
  answer: z.object({ ...accepted, more: z.boolean(), version: whole, flags: z.array(z.object(flag)) }),
})
