import { type Clock, CoreError, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import type { Decision, Limiter, LimitOptions } from './limiter.ts'
import type { LeaseTerms, PermitBatcher, Unspent } from './permit-batcher.ts'

export interface SharedWindowOptions extends LimitOptions {
  readonly batcher: PermitBatcher
  /** As the batcher has it. */
  readonly leaseMs: number
  /** Keys with leases; a key that is displaced gives up what it holds. Default 10,000. */
  readonly maxKeys?: number | undefined
  readonly clock?: Clock | undefined
}

export interface SharedWindow extends Limiter {
  /** Gives back what expired unspent, and what lies idle: nothing was spent of its key since the last call. */
  giveBack(): Promise<void>
}

/** Milliseconds between two calls of `giveBack`, and before a process that got nothing asks again. */
export function refreshIntervalMs(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs / 5))
}

interface KeyPermits {
  /** Leases that can be spent, the one that ends first at the front. One that is kept is never given back. */
  leases: { cell: number; given: number; rest: number; validUntil: number; isKept: boolean }[]
  unspent: Unspent[]
  /** Spent since the last `giveBack`. */
  isBusy: boolean
  spentAt: number
  asking: Promise<void> | undefined
  waiting: number
  /** Of those that wait, how many do so for an answer that somebody wants at once. */
  urgent: number
  want: number
  /** How many it spends in a window, of one that comes seldom; 0 where that is not known. */
  perWindow: number
  /** The database had nothing left; until then it is not asked again. */
  askAgainAt: number
  /** Until then `refusal` refuses: later than `askAgainAt`, because what it lets through may not be counted before it is done. */
  refuseUntil: number
  refusedReset: number
  /** What the database had left after the last lease. */
  left: number
  resetMs: number
}

/** A request waits for at most so many answers of the database. */
const attempts = 5
/** How long one that is patient waits for others, so that many of them cost one call. */
const patienceMs = 300

/**
 * One limit for all processes on one database. Each leases permits, spends them in memory, and gives back what it did
 * not spend. A permit counts from when it is given until no window can hold the moment of its use, so all processes
 * together never exceed the limit in any window; permits that others hold unspent can refuse a request early. `take`
 * rejects with E_DATABASE_UNAVAILABLE when the database does not answer: without a permit the count is unknown.
 */
export function createSharedWindow(options: SharedWindowOptions): SharedWindow {
  const { name, limit, windowMs, batcher, leaseMs, maxKeys = 10_000, clock = systemClock } = options
  const smallest = Math.max(1, Math.ceil(limit / 100))
  const largest = Math.max(1, Math.ceil(limit / 4))
  const permitsByKey = new LRUCache<string, KeyPermits>({ max: maxKeys })

  function permitsOf(key: string): KeyPermits {
    const known = permitsByKey.get(key)
    if (known !== undefined) return known
    const permits: KeyPermits = {
      leases: [],
      unspent: [],
      isBusy: false,
      spentAt: Number.NEGATIVE_INFINITY,
      asking: undefined,
      waiting: 0,
      urgent: 0,
      want: smallest,
      perWindow: 0,
      askAgainAt: Number.NEGATIVE_INFINITY,
      refuseUntil: Number.NEGATIVE_INFINITY,
      refusedReset: 0,
      left: limit,
      resetMs: 0,
    }
    permitsByKey.set(key, permits)
    return permits
  }

  const isPlenty = ({ left }: KeyPermits) => left >= largest

  function putBack(permits: KeyPermits, { cell, given, rest, isKept }: KeyPermits['leases'][number]): void {
    if (rest === 0 || isKept) return
    permits.unspent.push([cell, rest])
    if (rest > given / 2) permits.want = Math.max(smallest, Math.floor(permits.want / 2))
  }

  /** Moves what can no longer be spent to what is given back. */
  function expire(permits: KeyPermits, now: number): void {
    for (let first = permits.leases[0]; first !== undefined && first.validUntil <= now; first = permits.leases[0]) {
      permits.leases.shift()
      putBack(permits, first)
    }
  }

  function spend(key: string, permits: KeyPermits, now: number, isPatient: boolean): Decision | undefined {
    expire(permits, now)
    const lease = permits.leases.find(({ rest }) => rest > 0)
    if (lease === undefined) return undefined
    lease.rest--
    permits.isBusy = true
    permits.spentAt = now
    const rest = permits.leases.reduce((sum, each) => sum + each.rest, 0)
    // Refills before it runs out, so that no request has to wait.
    if (!isPatient && rest < permits.want / 4 && isPlenty(permits) && permits.asking === undefined) {
      permits.want = Math.min(largest, permits.want * 2)
      void refill(key, permits, false).catch(() => undefined)
    }
    return { isAllowed: true, remaining: rest + permits.left, resetMs: permits.resetMs }
  }

  function refuse(permits: KeyPermits, now: number, until = permits.askAgainAt): Decision | undefined {
    if (now >= until || permits.leases.some(({ rest, validUntil }) => rest > 0 && validUntil > now)) return undefined
    return { isAllowed: false, remaining: 0, resetMs: Math.max(1, permits.refusedReset - now) }
  }

  /** One call per key at a time; all requests of the key wait for it. */
  function refill(key: string, permits: KeyPermits, isPatient: boolean): Promise<void> {
    if (permits.asking !== undefined && !isPatient) batcher.hurry()
    permits.asking ??= ask(key, permits, isPatient).finally(() => {
      permits.asking = undefined
    })
    return permits.asking
  }

  /**
   * While there is plenty, some in advance; near the limit only what requests wait for, so that none stays unused. Who is patient
   * comes seldom, and what lies idle until then would have to be given back: it keeps the few of a window for so long instead.
   */
  function termsOf(permits: KeyPermits, isPatient: boolean): LeaseTerms {
    const { waiting, urgent, perWindow } = permits
    const want = Math.max(1, Math.min(limit, waiting))
    if (!isPlenty(permits)) return { want }
    if (!isPatient || urgent > 0) return { want: Math.min(limit, Math.max(permits.want, waiting)) }
    return perWindow === 0 || perWindow > smallest ? { want } : { want: Math.max(perWindow, want), leaseMs: windowMs }
  }

  async function ask(key: string, permits: KeyPermits, isPatient: boolean): Promise<void> {
    const unspent = permits.unspent.splice(0)
    let isKept = false
    const terms = () => {
      const asked = termsOf(permits, isPatient)
      isKept = asked.leaseMs !== undefined
      return asked
    }
    const { cell, given, left, resetMs, validUntil } = await batcher.ask(
      { key: `${name}/${windowMs}/${key}`, limit, windowMs, terms, unspent },
      isPatient ? patienceMs : 0,
    )
    const now = clock.monotonic()
    permits.left = left
    permits.resetMs = resetMs
    if (given > 0) {
      permits.leases.push({ cell, given, rest: given, validUntil, isKept })
      permits.leases.sort((one, other) => one.validUntil - other.validUntil)
      permits.refuseUntil = Number.NEGATIVE_INFINITY
      return
    }
    // Others may give something back before the oldest permit falls out of the window.
    permits.refusedReset = now + resetMs
    permits.askAgainAt = now + Math.min(resetMs, refreshIntervalMs(leaseMs))
    permits.refuseUntil = now + Math.min(resetMs, leaseMs)
  }

  async function wait(key: string, permits: KeyPermits, isPatient: boolean): Promise<Decision> {
    permits.waiting++
    if (!isPatient) permits.urgent++
    try {
      for (let attempt = 0; attempt < attempts; attempt++) {
        await refill(key, permits, isPatient)
        const now = clock.monotonic()
        const decision = spend(key, permits, now, isPatient) ?? refuse(permits, now)
        if (decision !== undefined) return decision
      }
      return { isAllowed: false, remaining: 0, resetMs: leaseMs }
    } catch (cause) {
      throw new CoreError('E_DATABASE_UNAVAILABLE', 'the rate limit cannot be counted while the database is away', {
        cause,
      })
    } finally {
      permits.waiting--
      if (!isPatient) permits.urgent--
    }
  }

  return {
    name,
    limit,
    windowMs,
    take(key, mayWait = false) {
      const permits = permitsOf(key)
      const now = clock.monotonic()
      // Who comes more than once in a lease is better served by one for several.
      const sinceMs = now - permits.spentAt
      const isPatient = mayWait && sinceMs > leaseMs
      const decision = spend(key, permits, now, isPatient) ?? refuse(permits, now)
      if (decision !== undefined) return decision
      permits.perWindow = isPatient && sinceMs < windowMs ? Math.ceil(windowMs / sinceMs) : 0
      return wait(key, permits, isPatient)
    },
    refusal(key) {
      const permits = permitsByKey.peek(key)
      return permits && refuse(permits, clock.monotonic(), permits.refuseUntil)
    },
    async giveBack() {
      const now = clock.monotonic()
      const asks: Promise<unknown>[] = []
      for (const [key, permits] of permitsByKey.entries()) {
        expire(permits, now)
        if (!permits.isBusy && permits.waiting === 0) {
          for (const lease of permits.leases) putBack(permits, lease)
          permits.leases = permits.leases.filter(({ isKept }) => isKept)
        }
        permits.isBusy = false
        if (permits.unspent.length === 0 || permits.asking !== undefined) continue
        const unspent = permits.unspent.splice(0)
        asks.push(
          batcher.ask({ key: `${name}/${windowMs}/${key}`, limit, windowMs, terms: () => ({ want: 0 }), unspent }),
        )
      }
      await Promise.all(asks)
    },
  }
}
