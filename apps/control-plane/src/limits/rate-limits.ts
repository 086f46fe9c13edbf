import { callable, limitTrim } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { type LoopReport, startLoop } from '../process/loop.ts'
import { untilNoneLeft } from '../process/until-none-left.ts'
import type { Limiter } from './limiter.ts'
import { createPermitBatcher } from './permit-batcher.ts'
import { createSharedWindow, refreshIntervalMs, type SharedWindow } from './shared-window.ts'
import { createSlidingWindow } from './sliding-window.ts'

/** At most so many requests in any window of so many seconds. */
export interface RateSetting {
  readonly requests: number
  readonly windowSeconds: number
}

export interface RateSettings {
  /** Of one key, owner or token. */
  readonly credential: RateSetting
  /** Of one address without a credential. */
  readonly anonymous: RateSetting
  /** Of one address with a credential that is not valid. */
  readonly failedAuthentication: RateSetting
}

/** One limiter for each class of requests. */
export type RateLimits = { readonly [Class in keyof RateSettings]: Limiter }

export interface RateLimitsDependencies {
  readonly database: Pick<Database, 'rpc' | 'driver'>
  readonly logger: Logger
  readonly report?: LoopReport | undefined
  readonly clock?: Clock
}

/** Keys. */
const trimmedAtOnce = 10_000

/** Names in the RateLimit header fields. */
const names = {
  credential: 'credential',
  anonymous: 'anonymous',
  failedAuthentication: 'failed-authentication',
} as const

/** Counts in this process's memory alone. */
export function createOwnRateLimits(settings: RateSettings, clock: Clock = systemClock): RateLimits {
  const open = (kind: keyof RateSettings) => createSlidingWindow({ ...toOptions(kind, settings[kind]), clock })
  return {
    credential: open('credential'),
    anonymous: open('anonymous'),
    failedAuthentication: open('failedAuthentication'),
  }
}

/**
 * The limits of a control plane. An embedded database has one process, which counts alone; on a server all processes
 * share each limit through leases of a twelfth of a window.
 */
export function openRateLimits(
  settings: RateSettings,
  dependencies: RateLimitsDependencies,
): RateLimits & AsyncDisposable {
  const { database, logger, report, clock = systemClock } = dependencies
  if (database.driver === 'embedded') {
    return { ...createOwnRateLimits(settings, clock), async [Symbol.asyncDispose]() {} }
  }
  const open = (kind: keyof RateSettings) => {
    const options = toOptions(kind, settings[kind])
    const leaseMs = leaseMsOf(options.windowMs)
    return createSharedWindow({
      ...options,
      batcher: createPermitBatcher({ database, leaseMs, clock }),
      leaseMs,
      clock,
    })
  }
  const shared = {
    credential: open('credential'),
    anonymous: open('anonymous'),
    failedAuthentication: open('failedAuthentication'),
  } satisfies Record<keyof RateSettings, SharedWindow>
  const all = Object.values(shared)
  const everyMs = Math.min(...all.map(({ windowMs }) => refreshIntervalMs(leaseMsOf(windowMs))))
  const trimEveryMs = Math.min(...all.map(({ windowMs }) => leaseMsOf(windowMs)))
  let trimAt = Number.NEGATIVE_INFINITY
  const work = async (signal: AbortSignal) => {
    await Promise.all(all.map((limiter) => limiter.giveBack()))
    if (clock.monotonic() < trimAt) return
    const trim = callable(database, limitTrim)
    await untilNoneLeft(trimmedAtOnce, signal, async () => (await trim({ limit: trimmedAtOnce }, { signal })).trimmed)
    trimAt = clock.monotonic() + trimEveryMs
  }
  const loop = startLoop({ name: 'limits', everyMs, work, logger, report, clock })
  return { ...shared, [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose]() }
}

/** How long permits may be spent after they were asked for. */
export function leaseMsOf(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / 12))
}

function toOptions(kind: keyof RateSettings, { requests, windowSeconds }: RateSetting) {
  return { name: names[kind], limit: requests, windowMs: windowSeconds * 1000 }
}
