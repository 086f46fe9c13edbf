import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../contract/answer-field.ts'
import {
  flag,
  instant as instantArgument,
  integer,
  json,
  named,
  optional,
  text,
  texts,
  uuid,
  uuids,
} from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const key = {
  id: z.string(),
  project: z.nullable(z.string()),
  name: z.string(),
  hint: z.string(),
  caps: z.array(z.string()),
  status: z.enum(['active', 'disabled', 'expired']),
  created_by: z.string(),
  created_at: instant,
  expires_at: z.nullable(instant),
  disabled_at: z.nullable(instant),
  revoked_at: z.nullable(instant),
  last_used_at: z.nullable(instant),
  replaced_by: z.nullable(z.string()),
  etag: z.string(),
}
const secret = { hash: text, hint: text }

/** Who holds a key, by its hash. */
export const keyVerify = describeFunction({
  name: 'key_verify',
  args: { hash: text },
  answer: z.object({ ...accepted, ...key }),
  denials: [
    denial('key_unknown', {}),
    denial('key_expired', { id: z.string() }),
    denial('key_disabled', { id: z.string() }),
    denial('project_archived', { id: z.string() }),
  ],
})

/** Which of the keys that were looked up before are still valid, until when, and how many scopes they have. */
export const keyConfirm = describeFunction({
  name: 'key_confirm',
  args: { ids: uuids },
  answer: z.object({
    ...accepted,
    keys: z.array(z.object({ id: z.string(), expires_at: z.nullable(instant), scopes: z.number() })),
  }),
})

/** Whether a key is valid, and for a scope. */
export const keyCheck = describeFunction({
  name: 'key_check',
  args: { hash: text, scope: optional(text) },
  answer: z.object({ ...accepted, valid: z.boolean(), code: z.string(), key: z.nullable(z.object(key)) }),
})

export const keyCreate = describeFunction({
  name: 'key_create',
  args: {
    key: text,
    ...secret,
    project: optional(text),
    name: optional(text),
    scopes: optional(named('p_caps', texts)),
    expiresAt: optional(instantArgument),
  },
  answer: z.object({ ...accepted, ...key, replayed: z.boolean() }),
})

export const keyReroll = describeFunction({
  name: 'key_reroll',
  args: { key: text, id: uuid, ...secret, overlapSeconds: optional(named('p_overlap_s', integer)) },
  answer: z.object({
    ...accepted,
    ...key,
    replayed: z.boolean(),
    replaces: z.string(),
    overlap_ends_at: z.nullable(instant),
  }),
})

export const keyUpdate = describeFunction({
  name: 'key_update',
  args: {
    id: uuid,
    name: optional(text),
    enabled: optional(flag),
    expiresAt: optional(instantArgument),
    /** Whether it loses its expiry. */
    isForever: optional(named('p_forever', flag)),
    ifMatch: optional(texts),
    /** Whether it gets the scopes that a new key gets. */
    addDefaultScopes: optional(named('p_add_defaults', flag)),
  },
  answer: z.object({ ...accepted, ...key }),
})

export const keyRevoke = describeFunction({
  name: 'key_revoke',
  args: { id: uuid },
  answer: z.object({ ...accepted, ...key }),
})

export const keyGet = describeFunction({
  name: 'key_get',
  args: { id: uuid },
  answer: z.object({ ...accepted, ...key }),
})

/** Of a project, or without one of the whole system. */
export const keyList = describeFunction({
  name: 'key_list',
  args: { project: optional(text), after: optional(uuid), limit: optional(integer) },
  answer: z.object({ ...accepted, keys: z.array(z.object(key)) }),
})

/** Notes when keys were last used. */
export const keyTouch = describeFunction({
  name: 'key_touch',
  args: { uses: json },
  answer: z.object({ ...accepted, touched: whole }),
})
