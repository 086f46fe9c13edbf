import { type Clock, CoreError, type Logger, silentLogger, systemClock, uuidv7 } from '@core/foundation'
import type { Cache } from './cache.ts'
import { openChannels } from './channels.ts'
import { type Codec, structuredCodec } from './codec.ts'
import { type Duration, toMilliseconds } from './duration.ts'
import { createEntryClock } from './entry-clock.ts'
import { createFailures } from './failures.ts'
import { createFlights } from './flight.ts'
import { followStore } from './follow-store.ts'
import type { Kernel } from './kernel.ts'
import { createMemoryTier, sweepMemory } from './memory-tier.ts'
import { createNamespaceCache } from './namespace-cache.ts'
import { type EntryOptions, requireName, toPolicy } from './policy.ts'
import { createEventOrder, type Scope } from './scope.ts'
import { createSharedTier } from './shared-tier.ts'
import { createCounters } from './stats.ts'
import type { CacheStore } from './store.ts'

export interface CacheOptions {
  /** Names what is cached, in the shared tier as well. Default `default`. */
  namespace?: string | undefined
  /** Defaults of every entry. */
  defaults?: EntryOptions | undefined
  l1?: {
    /** Default 10,000. */
    maxItems?: number | undefined
    /** Encoded bytes; counting them costs an encoding per value. Default with a store 64 MB, without one uncounted. */
    maxBytes?: number | undefined
    /** The longest that memory answers without asking the shared tier. Default: as long as a value is fresh. */
    maxTtl?: Duration | undefined
  }
  /** The tier behind the memory, for example `postgresStore(...)`. Default: memory alone. The cache closes it. */
  store?: CacheStore | undefined
  /** The longest that a call of the store may take, in milliseconds. Default 2,000. */
  storeTimeoutMs?: number | undefined
  /** Milliseconds between two looks at what other processes changed. Default 1,000. */
  pollMs?: number | undefined
  /** Part of each ttl taken away at random. Default 0.1. */
  jitter?: number | undefined
  sweep?: { intervalMs?: number | undefined; batch?: number | undefined } | undefined
  /** How long one process may load a key before another one may. Default 10 seconds, renewed while the load runs. */
  leaseTtlMs?: number | undefined
  codec?: Codec | undefined
  logger?: Logger | undefined
  clock?: Clock | undefined
  random?: (() => number) | undefined
}

const defaultMaxBytes = 64 * 1024 * 1024
const closeLimitMs = 5_000
const memorySweepSample = 1_000
/** Namespaces that a process keeps apart; beyond it the one made first starts empty when it is asked for again. */
const maxNamespaces = 10_000

/** Builds a cache. Nothing is asked of the store before the first call that needs it. */
export function createCache(options: CacheOptions = {}): Cache {
  const { l1 = {}, store, clock = systemClock, random = Math.random, logger = silentLogger } = options
  const { jitter = 0.1, leaseTtlMs = 10_000, pollMs = 1_000, storeTimeoutMs = 2_000 } = options
  const { intervalMs = 15_000, batch = 1_000 } = options.sweep ?? {}
  requireRange('jitter', jitter, 0, 0.9)
  requireRange('l1.maxItems', l1.maxItems ?? 1, 1, 2 ** 32)
  requireRange('leaseTtlMs', leaseTtlMs, 100, 3_600_000)
  requireRange('pollMs', pollMs, 10, 3_600_000)
  requireRange('sweep.intervalMs', intervalMs, 1, 1_000_000_000)
  requireRange('storeTimeoutMs', storeTimeoutMs, 1, 3_600_000)
  const defaults = toPolicy(options.defaults)
  const maxBytes = l1.maxBytes ?? (store === undefined ? undefined : defaultMaxBytes)
  const memory = createMemoryTier({ maxItems: l1.maxItems ?? 10_000, maxBytes })
  const counters = createCounters()
  const origin = uuidv7()
  const shared = store && createSharedTier({ store, origin, hardTimeoutMs: storeTimeoutMs, counters, logger, clock })
  const flights = createFlights()
  const order = createEventOrder()
  const work = new Set<Promise<unknown>>()
  const scopes = new Map<string, { scope: Scope; cache: Cache }>()
  let closing: Promise<void> | undefined

  const kernel: Kernel = {
    memory,
    shared,
    flights,
    failures: createFailures(clock),
    order,
    counters,
    channels: openChannels(),
    codec: options.codec ?? structuredCodec,
    clock,
    entryClock: createEntryClock(clock),
    logger,
    random,
    jitter,
    memoryTtlMs: l1.maxTtl === undefined ? Number.POSITIVE_INFINITY : toMilliseconds('l1.maxTtl', l1.maxTtl),
    countsBytes: maxBytes !== undefined,
    leaseTtlMs,
    holder: origin,
    async sweep() {
      const removed = sweepMemory(memory, clock.monotonic(), memorySweepSample)
      return removed + ((await shared?.sweep(batch)) ?? 0)
    },
    background(promise) {
      const done = promise
        .catch((error: unknown) => logger.warn({ err: error }, 'work of the cache in the background failed'))
        .finally(() => work.delete(done))
      work.add(done)
    },
  }

  const stopFollowing = shared && followStore({ kernel, shared, pollMs, scopes: () => scopes.values() })
  const sweeper = setInterval(() => kernel.background(kernel.sweep()), intervalMs * (0.75 + random() / 2))
  sweeper.unref()

  function open(name: string, prefix: string): Cache {
    const known = scopes.get(name)
    if (known !== undefined) return known.cache
    // What memory still has from an earlier namespace of this name was not watched over since.
    const scope: Scope = { name, prefix, voidBefore: order.next(), tags: new Map(), tagsAt: 0 }
    const cache = createNamespaceCache({
      kernel,
      scope,
      defaults,
      isClosed: () => closing !== undefined,
      namespace: (child) => {
        const below = `${name}:${requireName('namespace', child)}`
        return open(requireName('namespace', below), `\0${below}\0`)
      },
      close,
    })
    const [oldest] = scopes.size > maxNamespaces ? [...scopes.keys()].slice(1) : []
    if (oldest !== undefined) scopes.delete(oldest)
    scopes.set(name, { scope, cache })
    return cache
  }

  function close(): Promise<void> {
    closing ??= end()
    return closing
  }

  async function end(): Promise<void> {
    clearInterval(sweeper)
    stopFollowing?.()
    flights.abortAll(new CoreError('E_CLOSED', 'the cache was closed'))
    const idle = async () => {
      await flights.idle()
      while (work.size > 0) await Promise.allSettled([...work])
      await shared?.[Symbol.asyncDispose]()
    }
    const limit = new AbortController()
    await Promise.race([
      idle(),
      clock.sleep(closeLimitMs, { signal: limit.signal, unref: true }).catch(() => undefined),
    ])
    limit.abort()
    memory.clear()
  }

  return open(requireName('namespace', options.namespace ?? 'default'), '')
}

function requireRange(field: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new CoreError('E_INVALID', `${field} must be from ${least} to ${most}, got ${value}`, { details: { field } })
}
