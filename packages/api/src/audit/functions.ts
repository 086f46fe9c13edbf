import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../contract/answer-field.ts'
import { bigint, integer, json, optional, text } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Of a project, or without one of everything. */
export const auditLog = describeFunction({
  name: 'audit_log',
  args: { project: optional(text), before: optional(bigint), limit: optional(integer), filter: optional(json) },
  answer: z.object({
    ...accepted,
    entries: z.array(
      z.object({
        id: whole,
        source: z.enum(['admin', 'ledger']),
        at: instant,
        project: z.nullable(z.string()),
        actor: z.string(),
        action: z.string(),
        resource: z.string(),
        request_id: z.nullable(z.string()),
        before: z.nullable(object),
        after: z.nullable(object),
      }),
    ),
    next: z.nullable(whole),
  }),
})
