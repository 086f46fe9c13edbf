import { CoreError } from '@core/foundation'
import type { LoadMany } from './cache.ts'
import type { Entry } from './entry.ts'
import type { Flight } from './flight.ts'
import { isVoid, type Kernel, keep, lifetimeOf } from './kernel.ts'
import { takeOver, type WrittenEntry, writeThrough } from './load-entry.ts'
import type { Policy } from './policy.ts'
import type { Scope } from './scope.ts'
import { toStoredKey } from './stored-key.ts'
import { within } from './within.ts'

export interface LoadManyJob<Value> {
  readonly scope: Scope
  readonly keys: readonly string[]
  readonly load: LoadMany<Value>
  readonly policy: Policy
}

/**
 * Several keys: what memory has, what is being loaded already, one read of the shared tier for the rest, and one load
 * for what it has not. Where that load fails, keys with a stale value get it; without one for each the failure is thrown.
 */
export async function loadMany<Value>(kernel: Kernel, job: LoadManyJob<Value>): Promise<Map<string, Value>> {
  const { memory, flights, counters, clock } = kernel
  const { scope, keys, policy } = job
  const waits = new Map<string, Promise<Entry<unknown> | undefined>>()
  const stale = new Map<string, Entry<unknown>>()
  const missing: string[] = []
  const now = clock.monotonic()
  for (const key of keys) {
    const found = memory.get(scope.prefix + toStoredKey(key))
    const entry = found !== undefined && now < found.staleUntil && !isVoid(scope, found) ? found : undefined
    if (entry !== undefined && now < entry.freshUntil) {
      counters.hits++
      waits.set(key, Promise.resolve(entry))
      continue
    }
    if (entry !== undefined) stale.set(key, entry)
    const flight = flights.get(scope.prefix + toStoredKey(key))
    if (flight === undefined) missing.push(key)
    else {
      counters.joined++
      waits.set(key, flight.promise)
    }
  }
  if (missing.length > 0) {
    for (const [key, flight] of startBatch(kernel, job, missing)) waits.set(key, flight.promise)
  }
  const settled = Promise.all(
    keys.map(async (key) => {
      const entry = await waits.get(key)?.catch((error: unknown) => {
        const old = stale.get(key)
        if (old === undefined) throw error
        counters.staleHits++
        return old
      })
      return [key, entry] as const
    }),
  )
  const entries = await within(settled, policy.hardTimeoutMs, () => {
    counters.timeouts++
    throw new CoreError('E_TIMEOUT', `the cache entries took longer than ${policy.hardTimeoutMs} ms to load`, {
      details: { namespace: scope.name, timeoutMs: policy.hardTimeoutMs },
    })
  })
  const values = new Map<string, Value>()
  for (const [key, entry] of entries) if (entry !== undefined && entry !== absent) values.set(key, entry.value as Value)
  return values
}

/** Marks a key that the load left out. */
const absent: Entry<unknown> = {
  value: undefined,
  refreshAt: 0,
  freshUntil: 0,
  staleUntil: 0,
  order: 0,
  version: undefined,
  tags: [],
  checkedAt: 0,
  size: 0,
  promise: undefined,
}

/** Registers each key as under way, so that a call for one of them meanwhile waits for this load. */
function startBatch<Value>(kernel: Kernel, job: LoadManyJob<Value>, keys: readonly string[]): Map<string, Flight> {
  const { scope, policy } = job
  const { promise: loaded, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Entry<unknown>>>()
  const started = new Map(
    keys.map((key) => [
      key,
      kernel.flights.start(
        scope.prefix + toStoredKey(key),
        { scope, tags: policy.tags },
        async () => (await loaded).get(key) ?? absent,
      ),
    ]),
  )
  loadBatch(kernel, job, started).then(resolve, reject)
  return started
}

async function loadBatch<Value>(
  kernel: Kernel,
  { scope, load, policy }: LoadManyJob<Value>,
  started: ReadonlyMap<string, Flight>,
): Promise<ReadonlyMap<string, Entry<unknown>>> {
  const { counters, clock, shared, codec } = kernel
  const entries = new Map<string, Entry<unknown>>()
  const order = kernel.order.next()
  const asked = [...started.keys()]
  const reads = (await shared?.read(scope.name, asked.map(toStoredKey), undefined, policy.hardTimeoutMs / 2)) ?? []
  const readAt = new Map<string, number>()
  for (const [index, [key, flight]] of [...started].entries()) {
    const read = reads[index]
    if (read !== undefined) readAt.set(key, read.readAt)
    const entry =
      read?.entry && takeOver(kernel, scope, toStoredKey(key), read.entry, order, policy.refreshAhead, flight)
    if (entry === undefined || clock.monotonic() >= entry.freshUntil) continue
    counters.sharedHits++
    entries.set(key, entry)
  }
  const missing = asked.filter((key) => !entries.has(key))
  if (missing.length === 0) return entries

  counters.misses += missing.length
  counters.loads++
  const abort = new AbortController()
  const values = await Promise.resolve(load(missing, { signal: abort.signal })).catch((error: unknown) => {
    counters.loadErrors++
    throw error
  })
  const writes: WrittenEntry[] = []
  for (const key of missing) {
    if (!values.has(key)) continue
    const value = values.get(key)
    const { freshMs, staleMs } = lifetimeOf(kernel, value, policy)
    const bytes = shared !== undefined || kernel.countsBytes ? codec.encode(value) : undefined
    const { tags, refreshAhead } = policy
    const kept = { value, freshMs, staleMs, refreshAhead, tags, order, version: undefined, size: bytes?.length ?? 0 }
    const isCurrent = started.get(key)?.isSuperseded === false
    const entry = isCurrent ? keep(kernel, scope, toStoredKey(key), kept) : { ...absent, value }
    entries.set(key, entry)
    const since = readAt.get(key)
    // Where the shared tier did not answer before the load, it cannot tell whether the key was changed since.
    if (bytes === undefined || !isCurrent || since === undefined) continue
    writes.push({ write: { key: toStoredKey(key), value: bytes, freshMs, staleMs, tags, readAt: since }, entry })
  }
  if (shared !== undefined && writes.length > 0 && !shared.isReadOnly(scope.name)) {
    kernel.background(writeThrough(kernel, scope, writes).catch(() => undefined)) // a refusal is logged there
  }
  return entries
}
