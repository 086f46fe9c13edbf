import { type CallOptions, CoreError, raceSignal } from '@core/foundation'
import type { CacheStore, LeaseState, StoreEvent, StoreRead } from '../store.ts'
import { hearChannel, type RedisSubscriberLike } from './redis-hints.ts'
import { scripts } from './redis-scripts.ts'

/** A client of the package `redis` (node-redis), or of `ioredis`, which has another `sendCommand`. */
export type RedisClientLike =
  | { sendCommand(args: string[]): Promise<unknown> }
  | { call(command: string, ...args: string[]): Promise<unknown> }

export interface RedisStoreOptions {
  /** Connected by its maker, and closed by its maker. */
  client: RedisClientLike
  /**
   * A connection for hints alone, such as `client.duplicate()`, connected and closed by its maker: a change elsewhere is then
   * heard of at once. Default: with the next poll.
   */
  subscriber?: RedisSubscriberLike | undefined
  /**
   * Whose entries these are. It begins every key, between braces, so that a Redis Cluster keeps them in one slot.
   * Redis itself keeps no client from the keys of another project, unless its ACL does: one URL is one trust.
   */
  project: string
  /** Begins every key. Default `core`. */
  prefix?: string | undefined
}

/** Keys of one script at most, so that no script holds the server up for long. */
const maxKeys = 500
const maxEvents = 1_000

/** Redis behind the memory. Needs Redis 7 or newer. */
export function redisStore({ client, subscriber, project, prefix = 'core' }: RedisStoreOptions): CacheStore {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(project)) {
    throw new CoreError('E_INVALID', `${JSON.stringify(project)} cannot name a project`, {
      details: { field: 'project' },
    })
  }
  const base = `${prefix}:{${project}}`
  const keyOf = (kind: 'e' | 'l' | 'x', namespace: string, key: string) => `${base}:${kind}:${namespace}\0${key}`
  const epochsOf = (namespace: string) => `${base}:t:${namespace}`
  const order = `${base}:n`
  const events = `${base}:v`
  let cursor: string | undefined
  let beginning: Promise<void> | undefined
  /** The process that this store writes for: its own hints say nothing new. */
  let own: string | undefined

  async function send(args: string[], { signal }: CallOptions): Promise<unknown> {
    const [command = '', ...rest] = args
    const answer = 'call' in client ? client.call(command, ...rest) : client.sendCommand(args)
    try {
      return await (signal === undefined ? answer : raceSignal(answer, signal))
    } catch (cause) {
      throw cause instanceof CoreError
        ? cause
        : new CoreError('E_DATABASE_UNAVAILABLE', 'the Redis server did not answer', { cause })
    }
  }

  const run = (script: string, keys: readonly string[], args: readonly (string | number)[], options: CallOptions) =>
    send(['EVAL', script, String(keys.length), ...keys, ...args.map(String)], options)

  async function inSlices<Item>(items: readonly Item[], work: (slice: readonly Item[]) => Promise<unknown[]>) {
    const answers: unknown[] = []
    for (let from = 0; from < items.length; from += maxKeys)
      answers.push(...(await work(items.slice(from, from + maxKeys))))
    return answers
  }

  /** Before anything is read or written for the first time: what changes from then on has to be heard of. */
  async function follow(options: CallOptions): Promise<void> {
    if (cursor !== undefined) return
    beginning ??= run(scripts.end, [events, order], [], options)
      .then((end) => {
        cursor ??= String(end)
      })
      .finally(() => {
        beginning = undefined
      })
    await beginning
  }

  return {
    shared: true,
    get isFollowing() {
      return cursor !== undefined
    },
    async read(namespace, keys, lease, options) {
      await follow(options)
      const rows = await inSlices(keys, async (slice) => {
        const names = [
          order,
          epochsOf(namespace),
          ...slice.flatMap((key) => [
            keyOf('e', namespace, key),
            keyOf('l', namespace, key),
            keyOf('x', namespace, key),
          ]),
        ]
        const answer = await run(
          scripts.read,
          names,
          lease === undefined ? [] : [lease.holder, Math.ceil(lease.ttlMs)],
          options,
        )
        const [readAt, ...entries] = listOf(answer)
        return entries.map((entry) => toRead(Number(readAt), entry))
      })
      return rows as StoreRead[]
    },
    async write(namespace, writes, origin, options) {
      own = origin
      await follow(options)
      const versions = await inSlices(writes, async (slice) => {
        const names = [
          order,
          epochsOf(namespace),
          events,
          ...slice.flatMap(({ key }) => [
            keyOf('e', namespace, key),
            keyOf('l', namespace, key),
            keyOf('x', namespace, key),
          ]),
        ]
        const args = slice.flatMap(({ key, value, freshMs, staleMs, tags, readAt = 0, token = 0 }) => [
          key,
          Buffer.from(value).toString('base64'),
          Math.round(freshMs),
          Math.round(staleMs),
          JSON.stringify(tags),
          readAt,
          token,
        ])
        return listOf(await run(scripts.write, names, [namespace, origin, ...args], options))
      })
      return versions.map((version) => (Number(version) > 0 ? Number(version) : undefined))
    },
    async expire(namespace, keys, origin, options) {
      own = origin
      await inSlices(keys, async (slice) => {
        const names = [order, events, ...slice.map((key) => keyOf('e', namespace, key))]
        await run(scripts.expire, names, [namespace, origin, ...slice], options)
        return []
      })
    },
    async delete(namespace, keys, origin, options) {
      own = origin
      await inSlices(keys, async (slice) => {
        const names = [
          order,
          events,
          ...slice.flatMap((key) => [
            keyOf('e', namespace, key),
            keyOf('l', namespace, key),
            keyOf('x', namespace, key),
          ]),
        ]
        await run(scripts.delete, names, [namespace, origin, ...slice], options)
        return []
      })
    },
    async invalidate(namespace, tags, origin, options) {
      own = origin
      await run(scripts.invalidate, [order, epochsOf(namespace), events], [namespace, origin, ...tags], options)
    },
    async clear(namespace, origin, options) {
      own = origin
      await run(scripts.clear, [order, epochsOf(namespace), events], [namespace, origin], options)
    },
    async renew(namespace, key, token, ttlMs, options) {
      return Number(await run(scripts.renew, [keyOf('l', namespace, key)], [token, Math.ceil(ttlMs)], options)) === 1
    },
    async release(namespace, key, token, failure, options) {
      const why = failure === undefined ? ['', 0] : [failure.message, Math.ceil(failure.backoffMs)]
      await run(scripts.release, [keyOf('l', namespace, key), keyOf('x', namespace, key)], [token, ...why], options)
    },
    async poll(_namespaces, options) {
      if (cursor === undefined) {
        await follow(options)
        return []
      }
      const [isReset, next, ...rows] = listOf(await run(scripts.poll, [events, order], [cursor, maxEvents], options))
      cursor = String(next)
      return Number(isReset) === 1 ? [{ type: 'reset' }] : rows.map(toEvent)
    },
    ...(subscriber && {
      watch: (onHint, _namespace, options) => {
        const hear = (origin: string) => {
          if (origin !== own) onHint()
        }
        return hearChannel(subscriber, events, hear, options)
      },
    }),
    // No sweep: Redis removes what is past its time itself, and what does not fit by its own policy.
    async [Symbol.asyncDispose]() {},
  }
}

/** [value, tags, version, fresh ms, stale ms] or an empty list; then the state of the lease, if one was asked for. */
function toRead(readAt: number, row: unknown): StoreRead {
  const [entry, lease] = listOf(row)
  const [value, tags, version, freshMs, staleMs] = listOf(entry)
  const state = toLease(lease)
  return {
    readAt,
    entry:
      value === undefined
        ? undefined
        : {
            value: Buffer.from(String(value), 'base64'),
            tags: listOf(JSON.parse(String(tags))).map(String),
            version: Number(version),
            freshMs: Number(freshMs),
            staleMs: Number(staleMs),
          },
    ...(state === undefined ? {} : { lease: state }),
  }
}

function toLease(row: unknown): LeaseState | undefined {
  const [status, about, endsInMs] = listOf(row)
  switch (status) {
    case 'granted':
      return { status, token: Number(about) }
    case 'held':
      return { status, endsInMs: Number(endsInMs) }
    case 'failed':
      return { status, message: String(about), endsInMs: Number(endsInMs) }
    default:
      return undefined
  }
}

function toEvent(row: unknown): StoreEvent {
  const [type, namespaceText, name, version, originText] = listOf(row).map(String)
  const of = { namespace: namespaceText ?? '', origin: originText ?? '' }
  switch (type) {
    case 'set':
    case 'delete':
      return { type, key: name ?? '', version: Number(version), ...of }
    case 'tag':
      return { type, tag: name ?? '', ...of }
    case 'clear':
      return { type, ...of }
    default:
      throw new CoreError('E_INTERNAL', 'the cache events in Redis have a form that this version does not know')
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
