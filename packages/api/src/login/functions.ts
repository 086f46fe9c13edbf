import { z } from 'zod/mini'
import { accepted, denial, instant, object } from '../contract/answer-field.ts'
import { integer, json, optional, text } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const login = {
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  sid: z.nullable(z.string()),
  claims: object,
  created_at: instant,
  seen_at: instant,
  expires_at: instant,
}

/** For the control plane alone, as all functions of logins are. */
export const loginOpen = describeFunction({
  name: 'login_open',
  args: {
    key: text,
    tokenHash: text,
    issuer: text,
    subject: text,
    sid: optional(text),
    claims: optional(json),
    ttlS: optional(integer),
    idleS: optional(integer),
  },
  answer: z.object({ ...accepted, ...login, replayed: z.boolean() }),
})

export const loginCheck = describeFunction({
  name: 'login_check',
  args: { tokenHash: text },
  answer: z.object({ ...accepted, ...login }),
  denials: [denial('login_unknown', {}), denial('login_expired', {})],
})

export const loginEnd = describeFunction({
  name: 'login_end',
  args: {
    key: text,
    tokenHash: optional(text),
    issuer: optional(text),
    subject: optional(text),
    sid: optional(text),
  },
  answer: z.object({ ...accepted, ended: z.number() }),
})

export const loginList = describeFunction({
  name: 'login_list',
  args: { issuer: text, subject: text, limit: optional(integer) },
  answer: z.object({ ...accepted, logins: z.array(z.object(login)) }),
})

export const loginSweep = describeFunction({
  name: 'login_sweep',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, swept: z.number() }),
})
