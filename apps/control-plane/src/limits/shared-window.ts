import { type Clock, CoreError, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import type { Decision, Limiter, LimitOptions } from './limiter.ts'
import type { LeaseDesk, Unspent } from './permit-batcher.ts'

export interface SharedWindowOptions extends LimitOptions {
  readonly desk: LeaseDesk
  /** As the desk has it. */
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
export function patienceOf(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs / 5))
}

interface Purse {
  /** Leases that can be spent, the one that ends first at the front. */
  leases: { cell: number; given: number; rest: number; validUntil: number }[]
  unspent: Unspent[]
  /** Spent since the last `giveBack`. */
  isBusy: boolean
  asking: Promise<void> | undefined
  waiting: number
  want: number
  /** The database had nothing left; until then it is not asked again. */
  refusedUntil: number
  /** Until then `refusal` refuses: later than `refusedUntil`, because what it lets through may not be counted before it is done. */
  deafUntil: number
  refusedReset: number
  /** What the database had left after the last lease. */
  left: number
  resetMs: number
}

/** A request waits for at most so many answers of the database. */
const attempts = 5

/**
 * One limit for all processes on one database. Each leases permits, spends them in memory, and gives back what it did
 * not spend. A permit counts from when it is given until no window can hold the moment of its use, so all processes
 * together never exceed the limit in any window; permits that others hold unspent can refuse a request early. `take`
 * rejects with E_DATABASE_UNAVAILABLE when the database does not answer: without a permit nobody knows what has passed.
 */
export function createSharedWindow(options: SharedWindowOptions): SharedWindow {
  const { name, limit, windowMs, desk, leaseMs, maxKeys = 10_000, clock = systemClock } = options
  const smallest = Math.max(1, Math.ceil(limit / 100))
  const largest = Math.max(1, Math.ceil(limit / 4))
  const purses = new LRUCache<string, Purse>({ max: maxKeys })

  function purseOf(key: string): Purse {
    const known = purses.get(key)
    if (known !== undefined) return known
    const purse: Purse = {
      leases: [],
      unspent: [],
      isBusy: false,
      asking: undefined,
      waiting: 0,
      want: smallest,
      refusedUntil: Number.NEGATIVE_INFINITY,
      deafUntil: Number.NEGATIVE_INFINITY,
      refusedReset: 0,
      left: limit,
      resetMs: 0,
    }
    purses.set(key, purse)
    return purse
  }

  const isPlenty = ({ left }: Purse) => left >= largest

  function putBack(purse: Purse, { cell, given, rest }: Purse['leases'][number]): void {
    if (rest === 0) return
    purse.unspent.push([cell, rest])
    if (rest > given / 2) purse.want = Math.max(smallest, Math.floor(purse.want / 2))
  }

  /** Moves what can no longer be spent to what is given back. */
  function expire(purse: Purse, now: number): void {
    for (let first = purse.leases[0]; first !== undefined && first.validUntil <= now; first = purse.leases[0]) {
      purse.leases.shift()
      putBack(purse, first)
    }
  }

  function spend(key: string, purse: Purse, now: number): Decision | undefined {
    expire(purse, now)
    const lease = purse.leases.find(({ rest }) => rest > 0)
    if (lease === undefined) return undefined
    lease.rest--
    purse.isBusy = true
    const rest = purse.leases.reduce((sum, each) => sum + each.rest, 0)
    // Asks before it runs out, so that nobody has to wait.
    if (rest < purse.want / 4 && isPlenty(purse) && purse.asking === undefined) {
      purse.want = Math.min(largest, purse.want * 2)
      void refill(key, purse).catch(() => undefined)
    }
    return { isAllowed: true, remaining: rest + purse.left, resetMs: purse.resetMs }
  }

  function refuse(purse: Purse, now: number, until = purse.refusedUntil): Decision | undefined {
    if (now >= until || purse.leases.some(({ rest, validUntil }) => rest > 0 && validUntil > now)) return undefined
    return { isAllowed: false, remaining: 0, resetMs: Math.max(1, purse.refusedReset - now) }
  }

  /** One question per key at a time, whoever waits for it. */
  function refill(key: string, purse: Purse): Promise<void> {
    purse.asking ??= ask(key, purse).finally(() => {
      purse.asking = undefined
    })
    return purse.asking
  }

  async function ask(key: string, purse: Purse): Promise<void> {
    const unspent = purse.unspent.splice(0)
    const { cell, given, left, resetMs, validUntil } = await desk.ask({
      key: `${name}/${windowMs}/${key}`,
      limit,
      windowMs,
      // While there is plenty, some in advance; near the limit only what somebody waits for, so that none lies unused.
      want: () => Math.min(limit, isPlenty(purse) ? Math.max(purse.want, purse.waiting) : Math.max(1, purse.waiting)),
      unspent,
    })
    const now = clock.monotonic()
    purse.left = left
    purse.resetMs = resetMs
    if (given > 0) {
      purse.leases.push({ cell, given, rest: given, validUntil })
      purse.deafUntil = Number.NEGATIVE_INFINITY
      return
    }
    // Others may give something back before the oldest permit falls out of the window.
    purse.refusedReset = now + resetMs
    purse.refusedUntil = now + Math.min(resetMs, patienceOf(leaseMs))
    purse.deafUntil = now + Math.min(resetMs, leaseMs)
  }

  async function wait(key: string, purse: Purse): Promise<Decision> {
    purse.waiting++
    try {
      for (let attempt = 0; attempt < attempts; attempt++) {
        await refill(key, purse)
        const now = clock.monotonic()
        const decision = spend(key, purse, now) ?? refuse(purse, now)
        if (decision !== undefined) return decision
      }
      return { isAllowed: false, remaining: 0, resetMs: leaseMs }
    } catch (cause) {
      throw new CoreError('E_DATABASE_UNAVAILABLE', 'the rate limit cannot be counted while the database is away', {
        cause,
      })
    } finally {
      purse.waiting--
    }
  }

  return {
    name,
    limit,
    windowMs,
    take(key) {
      const purse = purseOf(key)
      const now = clock.monotonic()
      return spend(key, purse, now) ?? refuse(purse, now) ?? wait(key, purse)
    },
    refusal(key) {
      const purse = purses.peek(key)
      return purse && refuse(purse, clock.monotonic(), purse.deafUntil)
    },
    async giveBack() {
      const now = clock.monotonic()
      const asks: Promise<unknown>[] = []
      for (const [key, purse] of purses.entries()) {
        expire(purse, now)
        if (!purse.isBusy && purse.waiting === 0) for (const lease of purse.leases.splice(0)) putBack(purse, lease)
        purse.isBusy = false
        if (purse.unspent.length === 0 || purse.asking !== undefined) continue
        const unspent = purse.unspent.splice(0)
        asks.push(desk.ask({ key: `${name}/${windowMs}/${key}`, limit, windowMs, want: () => 0, unspent }))
      }
      await Promise.all(asks)
    },
  }
}
