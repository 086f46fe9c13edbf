import type { Database, Json, JsonInput, RpcOptions } from '@core/database'
import { type CallOptions, CoreError, isObject } from '@core/foundation'
import type { CacheStore, LeaseState, StoredEntry, StoreEvent, StoreRead } from '../store.ts'
import { createHints } from './postgres-hints.ts'

export interface PostgresStoreOptions {
  /** Where it can listen, a change elsewhere is heard of at once, and otherwise with the next poll. */
  database: Pick<Database, 'call'> & Partial<Pick<Database, 'listen'>>
  /** Whose entries these are: another project's take a share. Default: the project of the connection's credential. */
  project?: string | undefined
  /** Acts for this key or project; without claims, as the role of the database connection. */
  claims?: RpcOptions['claims']
}

/** Keys of one call at most; more go in several. */
const maxKeys = 1_000
/** Events of one look at most; a process that is further behind looks again at once. */
const maxEvents = 1_000
const maxPages = 20

/** The tables `core.cache_*` behind the memory, through the functions `core_api.cache_*`. */
export function postgresStore({ database, project, claims }: PostgresStoreOptions): CacheStore {
  let cursor: string | undefined
  let beginning: Promise<void> | undefined

  async function call(
    name: string,
    args: Readonly<Record<string, JsonInput>>,
    options: CallOptions,
  ): Promise<{ [key: string]: Json }> {
    // To sweep is for the sake of all, with the rights in the own project.
    const whose: Record<string, JsonInput> =
      project === undefined || name === 'cache_sweep' ? {} : { p_project: project }
    const answer = await database.call(name, { ...args, ...whose }, { ...options, claims })
    if (isObject(answer) && answer['ok'] === true) return answer as { [key: string]: Json }
    throw unknownAnswer(name)
  }

  const { listen } = database
  const hints = listen && createHints({ database, listen: (...args) => listen.apply(database, args), call })
  /** After what other processes have to hear of. */
  const hint = (namespace: string) => hints?.send(namespace)

  /** In slices that one call takes. */
  async function inSlices<Item, Answer>(
    items: readonly Item[],
    work: (slice: readonly Item[]) => Promise<readonly Answer[]>,
  ): Promise<Answer[]> {
    const answers: Answer[] = []
    for (let from = 0; from < items.length; from += maxKeys) {
      answers.push(...(await work(items.slice(from, from + maxKeys))))
    }
    return answers
  }

  /** Of another project only namespaces that are named may be followed, each by its share. */
  const look = (from: string | null, names: readonly string[], options: CallOptions) => {
    const which: Record<string, JsonInput> =
      project !== undefined && names.length > 0 && names.length <= maxKeys ? { p_namespaces: names } : {}
    return call('cache_poll', { p_cursor: from, p_limit: maxEvents, ...which }, options)
  }

  /** Before anything is read or written for the first time: what changes from then on has to be heard of. */
  async function follow(namespaces: readonly string[], options: CallOptions): Promise<void> {
    if (cursor !== undefined) return
    beginning ??= look(null, namespaces, options)
      .then((answer) => {
        cursor ??= cursorOf(answer)
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
      await follow([namespace], options)
      return inSlices(keys, async (slice) => {
        const answer = await call(
          'cache_get_many',
          {
            p_namespace: namespace,
            p_keys: slice,
            ...(lease === undefined ? {} : { p_holder: lease.holder, p_lease_ms: lease.ttlMs }),
          },
          options,
        )
        return toReads(slice, answer)
      })
    },
    async write(namespace, writes, origin, options) {
      await follow([namespace], options)
      return inSlices(writes, async (slice) => {
        const entries = slice.map(({ key, value, freshMs, staleMs, tags, readAt, token }) => ({
          key,
          value: Buffer.from(value).toString('base64'),
          fresh_ms: freshMs,
          stale_ms: staleMs,
          tags,
          ...(readAt === undefined ? {} : { read_at: readAt }),
          ...(token === undefined ? {} : { token }),
        }))
        const answer = await call(
          'cache_put_many',
          { p_namespace: namespace, p_entries: entries, p_origin: origin },
          options,
        )
        if (slice.some(({ readAt }) => readAt === undefined)) hint(namespace)
        return listOf('cache_put_many', answer['versions']).map((version) =>
          typeof version === 'number' ? version : undefined,
        )
      })
    },
    async expire(namespace, keys, origin, options) {
      await inSlices(keys, async (slice) => [
        await call('cache_expire', { p_namespace: namespace, p_keys: slice, p_origin: origin }, options),
      ])
      hint(namespace)
    },
    async delete(namespace, keys, origin, options) {
      await inSlices(keys, async (slice) => [
        await call('cache_delete', { p_namespace: namespace, p_keys: slice, p_origin: origin }, options),
      ])
      hint(namespace)
    },
    async invalidate(namespace, tags, origin, options) {
      await inSlices(tags, async (slice) => [
        await call('cache_invalidate_tags', { p_namespace: namespace, p_tags: slice, p_origin: origin }, options),
      ])
      hint(namespace)
    },
    async clear(namespace, origin, options) {
      await call('cache_clear', { p_namespace: namespace, p_origin: origin }, options)
      hint(namespace)
    },
    async renew(namespace, key, token, ttlMs, options) {
      const args = { p_namespace: namespace, p_key: key, p_token: token, p_lease_ms: ttlMs }
      return (await call('cache_renew', args, options))['renewed'] === true
    },
    async release(namespace, key, token, failure, options) {
      const why =
        failure === undefined ? {} : { p_failure: failure.message, p_backoff_ms: Math.round(failure.backoffMs) }
      await call('cache_release', { p_namespace: namespace, p_key: key, p_token: token, ...why }, options)
    },
    async poll(namespaces, options) {
      const events: StoreEvent[] = []
      if (cursor === undefined) {
        await follow(namespaces(), options)
        return events
      }
      for (let page = 0; page < maxPages; page++) {
        const names = namespaces()
        const answer = await look(cursor, names, options)
        // A namespace that was first read meanwhile may have changed since: its events are behind the same cursor.
        if (namespaces().length > names.length) continue
        cursor = cursorOf(answer)
        if (answer['reset'] === true) return [{ type: 'reset' }]
        events.push(...listOf('cache_poll', answer['events']).map(toEvent))
        if (answer['more'] !== true) return events
      }
      // Too far behind to catch up one by one.
      cursor = undefined
      return [{ type: 'reset' }]
    },
    async sweep(limit, options) {
      const answer = await call('cache_sweep', { p_limit: Math.min(limit, maxKeys) }, options)
      return numberOf(answer['swept']) + numberOf(answer['evicted'])
    },
    ...(hints && { watch: hints.watch }),
    async [Symbol.asyncDispose]() {
      await hints?.flush()
    },
  }
}

function toReads(keys: readonly string[], answer: { [key: string]: Json }): StoreRead[] {
  const entries = listOf('cache_get_many', answer['entries'])
  const leases = isObject(answer['leases']) ? new Map(Object.entries(answer['leases'])) : undefined
  const readAt = numberOf(answer['read_at'])
  return keys.map((key, index) => ({
    entry: toEntry(entries[index]),
    readAt,
    ...(leases?.has(key) ? { lease: toLease(leases.get(key)) } : {}),
  }))
}

function toEntry(raw: unknown): StoredEntry | undefined {
  if (!isObject(raw)) return undefined
  return {
    value: Buffer.from(String(raw['value']), 'base64'),
    freshMs: numberOf(raw['fresh_ms']),
    staleMs: numberOf(raw['stale_ms']),
    tags: listOf('cache_get_many', raw['tags']).map(String),
    version: numberOf(raw['version']),
  }
}

function toLease(raw: unknown): LeaseState | undefined {
  if (!isObject(raw)) return undefined
  if (typeof raw['token'] === 'number') return { status: 'granted', token: raw['token'] }
  const endsInMs = numberOf(raw['ends_in_ms'])
  const message = raw['failure']
  return typeof message === 'string' ? { status: 'failed', message, endsInMs } : { status: 'held', endsInMs }
}

function toEvent(raw: unknown): StoreEvent {
  if (!isObject(raw)) throw unknownAnswer('cache_poll')
  const { type, namespace, name, version, origin } = raw
  const of = { namespace: String(namespace), origin: String(origin) }
  switch (type) {
    case 'set':
    case 'delete':
      return { type, key: String(name), version: numberOf(version), ...of }
    case 'tag':
      return { type, tag: String(name), ...of }
    case 'clear':
      return { type, ...of }
    default:
      throw unknownAnswer('cache_poll')
  }
}

function cursorOf(answer: { [key: string]: Json }): string {
  if (typeof answer['cursor'] === 'string') return answer['cursor']
  throw unknownAnswer('cache_poll')
}

function listOf(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw unknownAnswer(name)
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

function unknownAnswer(name: string): CoreError {
  return new CoreError('E_INTERNAL', `${name} gave an answer that this version does not know`, {
    fix: 'Upgrade @core/cache or run `core migrate up`, so that both match.',
  })
}
