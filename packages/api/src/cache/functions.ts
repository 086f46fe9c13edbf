import { isObject } from '@core/foundation'
import { z } from 'zod/mini'
import { accepted, instant, whole } from '../contract/answer-field.ts'
import { bigint, integer, json, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const namespace = text
/** Names the process that changes something, so that it can skip the event of its own change. */
const origin = optional(text)
/** Without one, the project of the claims. */
const project = optional(text)
const done = z.object(accepted)

/** The right to load a key: granted (`token`), or another's until then; with the failure of the last load. */
export interface CacheLease {
  readonly token?: number
  readonly ends_in_ms?: number
  readonly failure?: string
}

const isLease = (value: unknown): value is CacheLease =>
  isObject(value) &&
  (Number.isSafeInteger(value['token']) ||
    (typeof value['ends_in_ms'] === 'number' && ['string', 'undefined'].includes(typeof value['failure'])))

export const cacheGetMany = describeFunction({
  name: 'cache_get_many',
  args: { namespace, keys: texts, holder: optional(text), leaseMs: optional(integer), project },
  answer: z.object({
    ...accepted,
    read_at: whole,
    /** In the order of the keys. */
    entries: z.array(
      z.nullable(
        z.object({
          /** In base64. */
          value: z.string(),
          fresh_ms: z.number(),
          stale_ms: z.number(),
          tags: z.array(z.string()),
          version: whole,
        }),
      ),
    ),
    /** By key. */
    leases: z.nullable(
      z.custom<Readonly<Record<string, CacheLease>>>((value) => isObject(value) && Object.values(value).every(isLease)),
    ),
  }),
})

export const cachePutMany = describeFunction({
  name: 'cache_put_many',
  args: { namespace, entries: json, origin, project },
  answer: z.object({ ...accepted, versions: z.array(z.nullable(whole)) }),
})

export const cacheExpire = describeFunction({
  name: 'cache_expire',
  args: { namespace, keys: texts, origin, project },
  answer: done,
})

export const cacheDelete = describeFunction({
  name: 'cache_delete',
  args: { namespace, keys: texts, origin, project },
  answer: z.object({ ...accepted, deleted: whole }),
})

export const cacheInvalidateTags = describeFunction({
  name: 'cache_invalidate_tags',
  args: { namespace, tags: texts, origin, project },
  answer: done,
})

export const cacheClear = describeFunction({
  name: 'cache_clear',
  args: { namespace, origin, project },
  answer: done,
})

export const cacheRenew = describeFunction({
  name: 'cache_renew',
  args: { namespace, key: text, token: bigint, leaseMs: integer, project },
  answer: z.object({ ...accepted, renewed: z.boolean() }),
})

export const cacheRelease = describeFunction({
  name: 'cache_release',
  args: { namespace, key: text, token: bigint, failure: optional(text), backoffMs: optional(integer), project },
  answer: z.object({ ...accepted, released: z.boolean() }),
})

/** `reset`: the cursor is too old, so everything may have changed. */
export const cachePoll = describeFunction({
  name: 'cache_poll',
  args: { cursor: optional(text), limit: optional(integer), project, namespaces: optional(texts) },
  answer: z.object({
    ...accepted,
    reset: z.boolean(),
    more: z.boolean(),
    cursor: z.string(),
    events: z.array(
      z.object({
        type: z.enum(['set', 'delete', 'tag', 'clear']),
        namespace: z.string(),
        name: z.nullable(z.string()),
        version: whole,
        origin: z.nullable(z.string()),
      }),
    ),
  }),
})

/** Wakes the processes that follow the project's caches. */
export const cacheHint = describeFunction({
  name: 'cache_hint',
  args: { namespace: text, origin: optional(text), project },
  answer: z.object(accepted),
})

export const cacheSweep = describeFunction({
  name: 'cache_sweep',
  args: { limit: optional(integer), project },
  answer: z.object({ ...accepted, swept: whole, evicted: whole }),
})

/** Owner only. */
export const cacheSchedule = describeFunction({
  name: 'cache_schedule',
  args: {},
  answer: z.object({ ...accepted, scheduled: z.boolean(), reason: z.optional(z.string()) }),
})

/** The shared tier of all projects in figures. Owner only. */
export const cacheTotals = describeFunction({
  name: 'cache_totals',
  args: {},
  answer: z.object({ ...accepted, projects: whole, entries: whole, bytes: whole, expiry_lag_s: z.number() }),
})

export const cacheList = describeFunction({
  name: 'cache_list',
  args: { namespace, after: optional(text), limit: optional(integer), project },
  answer: z.object({
    ...accepted,
    entries: z.array(
      z.object({
        key: z.string(),
        size: whole,
        tags: z.array(z.string()),
        version: whole,
        writer: z.nullable(z.string()),
        fresh_until: instant,
        gone_at: instant,
      }),
    ),
    next: z.nullable(z.string()),
  }),
})

export const cacheStats = describeFunction({
  name: 'cache_stats',
  args: { namespace: optional(text), project },
  answer: z.object({
    ...accepted,
    project: z.string(),
    namespaces: z.array(
      z.object({
        namespace: z.string(),
        entries: whole,
        bytes: whole,
        stale: whole,
        oldest_gone_at: z.nullable(instant),
      }),
    ),
  }),
})
