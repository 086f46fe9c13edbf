import { type CallOptions, type Clock, isCoreError, type Logger, raceSignal, startDeadline } from '@core/foundation'
import { createBreaker } from './breaker.ts'
import { createOutageLog } from './outage-log.ts'
import type { Counters } from './stats.ts'
import type { CacheStore, StoreEvent, StoreRead, StoreWrite } from './store.ts'

/**
 * A store that cannot hang its callers: each call ends within its limit, and one that failed several times is left alone
 * for a while. Reads answer undefined while it is away. Changes made meanwhile are kept and sent when it is back.
 */
export interface SharedTier extends AsyncDisposable {
  readonly isShared: boolean
  readonly isAway: boolean
  /** Whether the credential may read this namespace and not write it: what is loaded stays in memory. */
  isReadOnly(namespace: string): boolean
  read(
    namespace: string,
    keys: readonly string[],
    lease: { readonly holder: string; readonly ttlMs: number } | undefined,
    limitMs: number,
  ): Promise<readonly StoreRead[] | undefined>
  /**
   * Versions, undefined for a key that was changed since it was read; undefined in all while the store is away. Throws
   * what the store refuses: a value that is too large, a namespace of another project.
   */
  write(namespace: string, writes: readonly StoreWrite[]): Promise<readonly (number | undefined)[] | undefined>
  expire(namespace: string, keys: readonly string[]): Promise<void>
  delete(namespace: string, keys: readonly string[]): Promise<void>
  invalidate(namespace: string, tags: readonly string[]): Promise<void>
  clear(namespace: string): Promise<void>
  renew(namespace: string, key: string, token: number, ttlMs: number): Promise<boolean>
  release(
    namespace: string,
    key: string,
    token: number,
    failure: { readonly message: string; readonly backoffMs: number } | undefined,
  ): Promise<void>
  poll(namespaces: () => readonly string[]): Promise<readonly StoreEvent[]>
  readonly isFollowing: boolean
  /** Undefined where hints do not arrive. Never fails. */
  watch(onHint: () => void, namespace: string, signal: AbortSignal): Promise<AsyncDisposable | undefined>
  sweep(limit: number): Promise<number>
}

export interface SharedTierDependencies {
  readonly store: CacheStore
  /** Names this process in events, so that it does not drop what it wrote itself. */
  readonly origin: string
  readonly hardTimeoutMs: number
  readonly counters: Counters
  readonly logger: Logger
  readonly clock: Clock
}

/** The store said no to what was sent; asking again, or asking another time, changes nothing. */
const refusals: ReadonlySet<string> = new Set([
  'E_INVALID',
  'E_TOO_LARGE',
  'E_FORBIDDEN',
  'E_UNAUTHENTICATED',
  'E_NOT_FOUND',
])

/** How long a refused right to write is remembered. */
const readOnlyMs = 60_000

type Attempt<Answer> = { readonly answer: Answer } | { readonly refusal: unknown } | undefined

export function createSharedTier(dependencies: SharedTierDependencies): SharedTier {
  const { store, origin, hardTimeoutMs, counters, logger, clock } = dependencies
  const breaker = createBreaker({ failures: 3, pauseMs: 1_000, maxPauseMs: 30_000, clock })
  const outage = createOutageLog()
  /** Namespaces in which a lease was refused, and until when none is asked for. */
  const readOnlyUntil = new Map<string, number>()
  const isReadOnly = (namespace: string) => clock.monotonic() < (readOnlyUntil.get(namespace) ?? 0)
  let maySweep = true
  /** What memory got while the store was away and did not follow yet: no event will say that it changed. */
  let isBlind = false
  const noteAway = () => {
    isBlind ||= !store.isFollowing
  }
  let replaying: Promise<boolean> | undefined

  /** Undefined: the store is away. Only for work that asks the store: the breaker counts what comes of it. */
  async function attempt<Answer>(
    what: string,
    limitMs: number,
    work: (options: CallOptions) => Promise<Answer>,
  ): Promise<Attempt<Answer>> {
    // Without time left nothing is asked, and the one try of a pause is left to others.
    if (!(limitMs > 0)) return undefined
    if (!breaker.allows()) {
      counters.sharedErrors++
      return undefined
    }
    using deadline = startDeadline(`cache ${what}`, { timeoutMs: limitMs }, limitMs)
    try {
      const answer = await raceSignal(work({ signal: deadline.signal, timeoutMs: limitMs }), deadline.signal)
      breaker.succeeded()
      return { answer }
    } catch (error) {
      if (isCoreError(error) && refusals.has(error.code)) {
        breaker.succeeded()
        logger.warn({ err: error, what }, 'the shared cache refused a call')
        return { refusal: error }
      }
      const wasOpen = breaker.isOpen
      breaker.failed()
      counters.sharedErrors++
      if (breaker.isOpen && !wasOpen) logger.warn({ err: error, what }, 'the shared cache is away; memory serves alone')
      return undefined
    }
  }

  /** Whether the store has heard of every change of this process. One caller sends them, the others wait for it. */
  async function catchUp(): Promise<boolean> {
    while (!outage.isEmpty) {
      replaying ??= send().finally(() => {
        replaying = undefined
      })
      if (!(await replaying)) return false
    }
    return true
  }

  async function send(): Promise<boolean> {
    const sent = await attempt('replay', hardTimeoutMs, (options) =>
      outage.replay({
        delete: (namespace, keys) => store.delete(namespace, keys, origin, options),
        invalidate: (namespace, tags) => store.invalidate(namespace, tags, origin, options),
        clear: (namespace) => store.clear(namespace, origin, options),
      }),
    )
    return sent !== undefined && 'answer' in sent
  }

  async function call<Answer>(
    what: string,
    limitMs: number,
    work: (options: CallOptions) => Promise<Answer>,
  ): Promise<Attempt<Answer>> {
    if (!outage.isEmpty && !(await catchUp())) return undefined
    return attempt(what, limitMs, work)
  }

  async function change(
    what: string,
    names: readonly string[],
    work: (options: CallOptions) => Promise<void>,
    note: () => void,
  ): Promise<void> {
    if (names.length === 0) return
    const done = await call(what, hardTimeoutMs, work)
    if (done === undefined) note()
    else if ('refusal' in done) throw done.refusal
  }

  return {
    isShared: store.shared,
    isReadOnly,
    get isAway() {
      return breaker.isOpen
    },
    async read(namespace, keys, lease, limitMs) {
      if (keys.length === 0) return []
      const limit = Math.min(limitMs, hardTimeoutMs)
      const asked = lease === undefined || isReadOnly(namespace) ? undefined : lease
      let done = await call('read', limit, (options) => store.read(namespace, keys, asked, options))
      if (asked !== undefined && done !== undefined && 'refusal' in done) {
        // To lease takes the right to write; who may only read is answered all the same.
        done = await call('read', limit, (options) => store.read(namespace, keys, undefined, options))
        if (done !== undefined && 'answer' in done) readOnlyUntil.set(namespace, clock.monotonic() + readOnlyMs)
      }
      if (done === undefined) noteAway()
      return done !== undefined && 'answer' in done ? done.answer : undefined
    },
    async write(namespace, writes) {
      if (writes.length === 0) return []
      const done = await call('write', hardTimeoutMs, (options) => store.write(namespace, writes, origin, options))
      if (done !== undefined && 'refusal' in done) throw done.refusal
      // The outcome is unknown, or nothing was sent: what is there is older than what was to be written.
      if (done === undefined) {
        noteAway()
        outage.noteKeys(
          namespace,
          writes.map(({ key }) => key),
        )
      }
      return done?.answer
    },
    expire: (namespace, keys) =>
      change(
        'expire',
        keys,
        (options) => store.expire(namespace, keys, origin, options),
        () => outage.noteKeys(namespace, keys),
      ),
    delete: (namespace, keys) =>
      change(
        'delete',
        keys,
        (options) => store.delete(namespace, keys, origin, options),
        () => outage.noteKeys(namespace, keys),
      ),
    invalidate: (namespace, tags) =>
      change(
        'invalidate',
        tags,
        (options) => store.invalidate(namespace, tags, origin, options),
        () => outage.noteTags(namespace, tags),
      ),
    clear: (namespace) =>
      change(
        'clear',
        [namespace],
        (options) => store.clear(namespace, origin, options),
        () => outage.noteClear(namespace),
      ),
    async renew(namespace, key, token, ttlMs) {
      const done = await call('renew', hardTimeoutMs, (options) => store.renew(namespace, key, token, ttlMs, options))
      return done !== undefined && 'answer' in done && done.answer
    },
    async release(namespace, key, token, failure) {
      await call('release', hardTimeoutMs, (options) => store.release(namespace, key, token, failure, options))
    },
    async poll(namespaces) {
      const done = await call('poll', hardTimeoutMs, (options) => store.poll(namespaces, options))
      if (done === undefined) return []
      if (isBlind && store.isFollowing) {
        isBlind = false
        return [{ type: 'reset' }]
      }
      // Who may not follow changes any more cannot know what is still true.
      return 'answer' in done ? done.answer : [{ type: 'reset' }]
    },
    get isFollowing() {
      return store.isFollowing
    },
    async watch(onHint, namespace, signal) {
      try {
        return await store.watch?.(onHint, namespace, { signal, timeoutMs: hardTimeoutMs })
      } catch (error) {
        if (!signal.aborted) logger.debug({ err: error }, 'hints of the shared cache do not arrive; it is polled')
        return undefined
      }
    },
    async sweep(limit) {
      const { sweep } = store
      if (!maySweep || sweep === undefined) return 0
      const done = await call('sweep', hardTimeoutMs, (options) => sweep(limit, options))
      if (done !== undefined && 'refusal' in done) maySweep = false // others do it
      return done !== undefined && 'answer' in done ? done.answer : 0
    },
    async [Symbol.asyncDispose]() {
      await catchUp()
      await store[Symbol.asyncDispose]()
    },
  }
}
