import { type CallOptions, CoreError } from '@core/foundation'
import type { Cache, LoadMany, SetOptions } from './cache.ts'
import type { Entry } from './entry.ts'
import type { Flight } from './flight.ts'
import { isVoid, type Kernel, keep, lifetimeOf } from './kernel.ts'
import { type Load, loadEntry, takeOver, writeThrough } from './load-entry.ts'
import { loadMany } from './load-many.ts'
import { type EntryOptions, type Policy, requireName, toPolicy } from './policy.ts'
import { clearScope, invalidateTag, type Scope } from './scope.ts'
import { toStoredKey } from './stored-key.ts'
import { within } from './within.ts'

export interface NamespaceDependencies {
  readonly kernel: Kernel
  readonly scope: Scope
  readonly defaults: Policy
  readonly isClosed: () => boolean
  readonly namespace: (name: string) => Cache
  readonly close: () => Promise<void>
}

export function createNamespaceCache(dependencies: NamespaceDependencies): Cache {
  const { kernel, scope, defaults, isClosed } = dependencies
  const { memory, flights, counters, clock, entryClock, channels, shared, failures } = kernel
  const { prefix } = scope
  const isRoot = prefix === ''
  const nameOf = isRoot ? toStoredKey : (key: string) => prefix + toStoredKey(key)

  function getOrSet<Value>(key: string, load: Load<Value>, options?: EntryOptions): Promise<Value> {
    const entry = memory.get(nameOf(key))
    if (entry !== undefined && entryClock.isBefore(entry.refreshAt) && !isVoid(scope, entry)) {
      counters.hits++
      if (channels.answer.hasSubscribers) report(key, 'memory')
      entry.promise ??= Promise.resolve(entry.value)
      return entry.promise as Promise<Value>
    }
    return resolve(key, load as Load<unknown>, options, entry) as Promise<Value>
  }

  async function resolve(
    key: string,
    load: Load<unknown>,
    options: EntryOptions | undefined,
    found: Entry<unknown> | undefined,
  ): Promise<unknown> {
    requireOpen()
    requireName('key', key)
    const policy = toPolicy(options, defaults)
    const stored = toStoredKey(key)
    const name = prefix + stored
    const entry = found !== undefined && !isVoid(scope, found) ? found : undefined
    const now = clock.monotonic()
    const start = (stale: Entry<unknown> | undefined, isAhead: boolean): Flight =>
      flights.start(name, { scope, tags: policy.tags }, (flight) =>
        loadEntry(kernel, { scope, key, stored, load, policy, stale, isAhead }, flight),
      )

    if (entry !== undefined && now < entry.freshUntil) {
      counters.hits++
      if (flights.get(name) === undefined && failures.get(name) === undefined) start(entry, true)
      return answer(key, 'memory', entry.value)
    }
    if (entry !== undefined && now < entry.staleUntil) {
      counters.staleHits++
      const flight = flights.get(name) ?? (failures.get(name) === undefined ? start(entry, false) : undefined)
      if (flight === undefined || policy.revalidate === 'background') return answer(key, 'stale', entry.value)
      return fresher(key, flight, policy.softTimeoutMs, entry)
    }
    const failure = failures.get(name)
    if (failure !== undefined) throw failure
    counters.misses++
    const underWay = flights.get(name)
    if (underWay !== undefined) counters.joined++
    const flight = underWay ?? start(undefined, false)
    const loaded = await within(flight.promise, policy.hardTimeoutMs, () => {
      counters.timeouts++
      const error = new CoreError('E_TIMEOUT', `the cache entry took longer than ${policy.hardTimeoutMs} ms to load`, {
        fix: 'Raise hardTimeoutMs, or allow stale values with staleFor. The load continues unless abortLoad is set.',
        details: { namespace: scope.name, timeoutMs: policy.hardTimeoutMs },
      })
      if (policy.abortLoad && underWay === undefined) flight.abort.abort(error)
      throw error
    })
    return answer(key, 'load', loaded.value)
  }

  /** The new value where it comes in time, else the stale one. */
  async function fresher(key: string, flight: Flight, limitMs: number, entry: Entry<unknown>): Promise<unknown> {
    try {
      const loaded = await within(flight.promise, limitMs, () => {
        counters.timeouts++
        return undefined
      })
      if (loaded !== undefined) return answer(key, 'load', loaded.value)
    } catch {
      // Counted and remembered where it failed; that is what the stale value is for.
    }
    return answer(key, 'stale', entry.value)
  }

  function answer(key: string, from: 'memory' | 'stale' | 'load', value: unknown): unknown {
    if (channels.answer.hasSubscribers) report(key, from)
    return value
  }

  function report(key: string, from: 'memory' | 'stale' | 'load'): void {
    channels.answer.publish({ namespace: scope.name, key, from })
  }

  function requireOpen(): void {
    if (isClosed()) throw new CoreError('E_CLOSED', 'the cache is closed')
  }

  /** The fresh entry in memory. */
  function freshInMemory(key: string): Entry<unknown> | undefined {
    const entry = memory.get(nameOf(key))
    return entry !== undefined && entryClock.isBefore(entry.freshUntil) && !isVoid(scope, entry) ? entry : undefined
  }

  async function getMany<Value>(keys: readonly string[], options: CallOptions = {}): Promise<Map<string, Value>> {
    requireOpen()
    const found = new Map<string, Value>()
    const missing: string[] = []
    for (const key of new Set(keys)) {
      const entry = freshInMemory(requireName('key', key))
      if (entry === undefined) missing.push(key)
      else found.set(key, entry.value as Value)
    }
    counters.hits += found.size
    const order = kernel.order.next()
    const limitMs = options.timeoutMs ?? defaults.hardTimeoutMs
    options.signal?.throwIfAborted()
    const reads = missing.length > 0 ? await shared?.read(scope.name, missing.map(toStoredKey), undefined, limitMs) : []
    for (const [index, key] of missing.entries()) {
      const stored = reads?.[index]?.entry
      const entry =
        stored &&
        takeOver(kernel, scope, toStoredKey(key), stored, order, defaults.refreshAhead, { isSuperseded: false })
      if (entry !== undefined && clock.monotonic() < entry.freshUntil) {
        counters.sharedHits++
        found.set(key, entry.value as Value)
      } else counters.misses++
    }
    return found
  }

  /** Removes what memory has and keeps what is being loaded from coming in. */
  function forget(name: string): void {
    flights.supersede(name)
    failures.forget(name)
    memory.delete(name)
  }

  async function setMany(entries: Iterable<readonly [string, unknown]>, options?: SetOptions): Promise<void> {
    requireOpen()
    const policy = toPolicy(options, defaults)
    const { tags, refreshAhead } = policy
    const given = [...entries].map(([key, value]) => ({ key: toStoredKey(requireName('key', key)), value }))
    // Encoded first: what cannot be kept is refused before anything is changed.
    const encoded = given.map(({ key, value }) => {
      const bytes = shared !== undefined || kernel.countsBytes ? kernel.codec.encode(value) : undefined
      return { key, value, bytes, ...lifetimeOf(kernel, value, policy) }
    })
    for (const { key } of encoded) forget(prefix + key)
    counters.sets += encoded.length
    const order = kernel.order.next()
    const kept = encoded.map(({ key, value, bytes, freshMs, staleMs }) => {
      const size = bytes?.length ?? 0
      const entry = keep(kernel, scope, key, {
        value,
        freshMs,
        staleMs,
        refreshAhead,
        tags,
        order,
        version: undefined,
        size,
      })
      return { entry, write: { key, value: bytes ?? noBytes, freshMs, staleMs, tags } }
    })
    if (shared === undefined) return
    await writeThrough(kernel, scope, kept)
  }

  const cache: Cache = {
    getOrSet,
    getOrSetMany: <Value>(keys: readonly string[], load: LoadMany<Value>, options?: EntryOptions) => {
      requireOpen()
      return loadMany<Value>(kernel, {
        scope,
        keys: [...new Set(keys)].map((key) => requireName('key', key)),
        load,
        policy: toPolicy(options, defaults),
      })
    },
    async get<Value>(key: string, options?: CallOptions) {
      const entry = freshInMemory(key)
      if (entry === undefined) return (await getMany<Value>([key], options)).get(key)
      counters.hits++
      return entry.value as Value
    },
    getMany,
    peek<Value>(key: string) {
      const entry = memory.peek(nameOf(key))
      if (entry === undefined || !entryClock.isBefore(entry.staleUntil) || isVoid(scope, entry)) return undefined
      return entry.value as Value
    },
    has: async (key, options) => (await getMany([key], options)).has(key),
    set: (key, value, options) => setMany([[key, value]], options),
    setMany,
    async delete(...keys) {
      requireOpen()
      for (const key of keys) forget(nameOf(requireName('key', key)))
      counters.deletes += keys.length
      await shared?.delete(scope.name, keys.map(toStoredKey))
    },
    async expire(...keys) {
      requireOpen()
      const now = clock.monotonic()
      for (const key of keys) {
        const name = nameOf(requireName('key', key))
        flights.supersede(name)
        const entry = memory.peek(name)
        if (entry === undefined) continue
        entry.freshUntil = Math.min(entry.freshUntil, now)
        entry.refreshAt = entry.freshUntil
      }
      if (keys.length > 0) await shared?.expire(scope.name, keys.map(toStoredKey))
    },
    async invalidateTags(...tags) {
      requireOpen()
      for (const tag of tags) invalidateTag(scope, requireName('tag', tag), kernel.order.next())
      flights.supersedeAll(scope, tags)
      counters.invalidations += tags.length
      if (tags.length > 0) await shared?.invalidate(scope.name, tags)
    },
    async clear() {
      requireOpen()
      clearScope(scope, kernel.order.next())
      flights.supersedeAll(scope)
      failures.forgetAll()
      counters.invalidations++
      await shared?.clear(scope.name)
    },
    namespace: dependencies.namespace,
    stats: () => ({ ...counters, items: memory.size, bytes: memory.calculatedSize }),
    sweep: () => kernel.sweep(),
    close: dependencies.close,
    [Symbol.asyncDispose]: dependencies.close,
  }
  return cache
}

const noBytes = new Uint8Array()
