import { CoreError, toStorableText } from '@core/foundation'
import type { Entry } from './entry.ts'
import type { Flight } from './flight.ts'
import { isVoid, type Kernel, keep, lifetimeOf, toEntry } from './kernel.ts'
import { type EntryOptions, type Policy, toPolicy } from './policy.ts'
import type { Scope } from './scope.ts'
import type { LeaseState, StoredEntry, StoreRead, StoreWrite } from './store.ts'

/** What a load gets. */
export interface LoadContext<Value> {
  readonly key: string
  /** Aborts when the cache closes, and with `abortLoad` when the call that started the load runs out of time. */
  readonly signal: AbortSignal
  /** The value that is there and is stale, if one is: for requests such as `If-None-Match`. */
  readonly stale: { readonly value: Value } | undefined
  /** Changes options for the value that this load returns: its ttl from a header, its tags from its content. */
  refine(options: Pick<EntryOptions, 'ttl' | 'staleFor' | 'negativeTtl' | 'tags' | 'refreshAhead'>): void
}

export type Load<Value> = (context: LoadContext<Value>) => Promise<Value> | Value

export interface LoadJob {
  readonly scope: Scope
  readonly key: string
  /** The name under which the tiers keep the key. */
  readonly stored: string
  readonly load: Load<unknown>
  readonly policy: Policy
  /** An entry of the memory that may be served while this runs. */
  readonly stale: Entry<unknown> | undefined
  /** The value is still fresh and is loaded before it ends. */
  readonly isAhead: boolean
}

/**
 * Gets a key that the memory does not have fresh: from the shared tier, from another process that loads it, or by
 * loading it. Keeps it in every tier unless it was changed meanwhile.
 */
export async function loadEntry(kernel: Kernel, job: LoadJob, flight: Flight): Promise<Entry<unknown>> {
  const { shared, counters, failures } = kernel
  const { scope, stored, policy } = job
  const name = scope.prefix + stored
  if (shared === undefined) return run(kernel, job, flight, { order: kernel.order.next(), stale: job.stale })

  const asks = shared.isShared && policy.lease === 'auto' && job.stale === undefined
  const lease = asks ? { holder: kernel.holder, ttlMs: kernel.leaseTtlMs } : undefined
  const limitMs = job.stale === undefined ? policy.hardTimeoutMs / 2 : policy.softTimeoutMs
  // A lease that was renewed just before its holder was killed ends within a term of that: two terms cover it.
  const waitUntil = kernel.clock.monotonic() + Math.min(2 * kernel.leaseTtlMs, policy.hardTimeoutMs / 2)
  let pauseMs = firstPollMs
  for (;;) {
    const order = kernel.order.next()
    const [found] = (await shared.read(scope.name, [stored], lease, limitMs)) ?? []
    if (found === undefined) return run(kernel, job, flight, { order, stale: job.stale })
    const entry = found.entry && takeOver(kernel, scope, stored, found.entry, order, policy.refreshAhead, flight)
    if (entry !== undefined && isFreshEnough(kernel, job, entry)) {
      counters.sharedHits++
      failures.forget(name)
      return entry
    }
    const stale = entry ?? job.stale
    const state = found.lease
    if (state?.status === 'failed') throw shareFailure(kernel, name, state)
    if (state?.status !== 'held' || kernel.clock.monotonic() >= waitUntil) {
      return run(kernel, job, flight, {
        order,
        stale,
        found,
        token: state?.status === 'granted' ? state.token : undefined,
      })
    }
    if (stale !== undefined) return stale
    await kernel.clock.sleep(pauseMs * (0.5 + kernel.random()), { signal: flight.abort.signal })
    pauseMs = Math.min(longestPollMs, pauseMs * 2)
  }
}

/** A refresh ahead is done where another process has made it: what is left is more than the part it runs in. */
function isFreshEnough(kernel: Kernel, { isAhead, policy }: LoadJob, entry: Entry<unknown>): boolean {
  const leftMs = entry.freshUntil - kernel.clock.monotonic()
  return leftMs > (isAhead ? Math.min(policy.ttlMs, kernel.memoryTtlMs) * (1 - policy.refreshAhead) : 0)
}

const firstPollMs = 20
const longestPollMs = 250

function shareFailure(
  kernel: Kernel,
  name: string,
  { message, endsInMs }: LeaseState & { status: 'failed' },
): CoreError {
  const error = new CoreError('E_LOAD_FAILED', `another process tried to load this and failed: ${message}`, {
    details: { message },
  })
  kernel.failures.note(name, error, endsInMs)
  return error
}

/** Takes what the shared tier has into memory; undefined where it cannot be decoded or is void. */
export function takeOver(
  kernel: Kernel,
  scope: Scope,
  key: string,
  stored: StoredEntry,
  order: number,
  refreshAhead: number,
  flight: Pick<Flight, 'isSuperseded'>,
): Entry<unknown> | undefined {
  let value: unknown
  try {
    value = kernel.codec.decode(stored.value)
  } catch (error) {
    kernel.counters.undecodable++
    kernel.logger.warn(
      { err: error, namespace: scope.name },
      'a shared cache entry cannot be decoded; it counts as a miss',
    )
    return undefined
  }
  const { freshMs, staleMs, tags, version } = stored
  const size = stored.value.length
  if (staleMs <= 0) return undefined
  const kept = { value, freshMs, staleMs, refreshAhead, tags, order, version, size }
  // The key was changed while it was read: this answers the calls that wait for it, and memory keeps nothing.
  if (flight.isSuperseded) return toEntry(kernel, kept)
  const entry = keep(kernel, scope, key, kept)
  return isVoid(scope, entry) ? undefined : entry
}

interface Start {
  readonly order: number
  readonly stale: Entry<unknown> | undefined
  readonly found?: StoreRead
  readonly token?: number | undefined
}

/** Loads, and keeps what came. A failure is remembered for its pause, here and, by the lease, for other processes. */
async function run(kernel: Kernel, job: LoadJob, flight: Flight, start: Start): Promise<Entry<unknown>> {
  const { scope, key, stored, policy } = job
  const { token, found, stale } = start
  const name = scope.prefix + stored
  using _renewing = token === undefined ? undefined : renewLease(kernel, scope, stored, token)
  kernel.counters.loads++
  let final = policy
  try {
    const value = await traced(kernel, scope, key, async () =>
      job.load({
        key,
        signal: flight.abort.signal,
        stale: stale === undefined ? undefined : { value: stale.value },
        refine: (options) => {
          final = toPolicy(options, final)
        },
      }),
    )
    const entry = store(kernel, {
      scope,
      key: stored,
      value,
      policy: final,
      order: start.order,
      flight,
      readAt: found?.readAt,
      token,
    })
    kernel.failures.forget(name)
    return entry
  } catch (error) {
    kernel.counters.loadErrors++
    const backoffMs = policy.failureBackoffMs
    kernel.failures.note(name, error, backoffMs)
    if (token !== undefined) {
      const message = error instanceof Error ? toStorableText(error.message, 500) : 'the load threw no error'
      kernel.background(kernel.shared?.release(scope.name, stored, token, { message, backoffMs }) ?? Promise.resolve())
    }
    throw error
  }
}

function traced<Value>(kernel: Kernel, scope: Scope, key: string, work: () => Promise<Value>): Promise<Value> {
  const { load } = kernel.channels
  return load.hasSubscribers ? load.tracePromise(work, { namespace: scope.name, key }) : work()
}

interface Outcome {
  readonly scope: Scope
  readonly key: string
  readonly value: unknown
  readonly policy: Policy
  readonly order: number
  readonly flight: Flight
  readonly readAt: number | undefined
  readonly token: number | undefined
}

function store(kernel: Kernel, outcome: Outcome): Entry<unknown> {
  const { scope, key, value, policy, order, flight, readAt, token } = outcome
  const { shared } = kernel
  const { refreshAhead, tags } = policy
  const { freshMs, staleMs } = lifetimeOf(kernel, value, policy)
  const bytes = shared !== undefined || kernel.countsBytes ? kernel.codec.encode(value) : undefined
  const kept = { value, freshMs, staleMs, refreshAhead, tags, order, version: undefined, size: bytes?.length ?? 0 }
  const entry = flight.isSuperseded
    ? { ...kept, freshUntil: 0, refreshAt: 0, staleUntil: 0, checkedAt: 0, promise: undefined }
    : keep(kernel, scope, key, kept)
  // Where the shared tier did not answer before the load, it cannot tell whether the key was changed since.
  const isComparable = readAt !== undefined
  const isWritten =
    shared !== undefined && isComparable && !shared.isReadOnly(scope.name) && !flight.isSuperseded && staleMs > 0
  if (isWritten && bytes !== undefined) {
    const write = { key, value: bytes, freshMs, staleMs, tags, readAt, token }
    kernel.background(writeThrough(kernel, scope, [{ write, entry }]).catch(() => undefined)) // a refusal is logged there
  } else if (shared !== undefined && token !== undefined) {
    kernel.background(shared.release(scope.name, key, token, undefined))
  }
  return entry
}

export interface WrittenEntry {
  readonly write: StoreWrite
  readonly entry: Entry<unknown>
}

/**
 * Writes to the shared tier. What it refuses because the key was changed meanwhile does not stay in memory either, nor does
 * what this process set at the same time and the tier had first.
 */
export async function writeThrough(kernel: Kernel, scope: Scope, written: readonly WrittenEntry[]): Promise<void> {
  const writes = written.map(({ write }) => write)
  const versions = await kernel.shared?.write(scope.name, writes)
  if (versions === undefined) return
  for (const [index, { entry }] of written.entries()) entry.version = versions[index]
  for (const { write, entry } of written) {
    const name = scope.prefix + write.key
    const kept = kernel.memory.peek(name)
    if (kept !== undefined && isOutdated(kept, entry, write)) kernel.memory.delete(name)
  }
}

/** Whether the tier has something else than memory now that it has answered a write. */
function isOutdated(kept: Entry<unknown>, entry: Entry<unknown>, { readAt }: StoreWrite): boolean {
  if (kept === entry || entry.version === undefined) return kept === entry && entry.version === undefined
  // Of two that are set at once the tier may have either last; what was loaded is as old as its read.
  return kept.version === undefined ? readAt === undefined : kept.version < entry.version
}

/** Renews at a third of the lease, so that two renewals may be late before another process takes over. */
function renewLease(kernel: Kernel, scope: Scope, key: string, token: number): Disposable {
  const timer = setInterval(() => {
    kernel.background(kernel.shared?.renew(scope.name, key, token, kernel.leaseTtlMs) ?? Promise.resolve())
  }, kernel.leaseTtlMs / 3)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
