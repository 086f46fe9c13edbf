import type { Database } from '@core/database'
import { type Clock, CoreError, fullJitterMs, isCoreError, type Logger } from '@core/foundation'

export interface BreakerOptions {
  readonly database: Database
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  /** Called when the database went away or came back. */
  readonly onChange: (isUp: boolean) => void
}

/** The database, with calls that fail at once while it is away. */
export interface Breaker extends AsyncDisposable {
  readonly database: Database
  readonly isUp: boolean
  /** Resolves when the database can be called. */
  whenUp(signal: AbortSignal): Promise<void>
  /** Notes that the database did not answer; probes begin. */
  open(cause: unknown): void
}

const timeoutsInRow = 3
const probeTimeoutMs = 3_000
const pause = { baseMs: 250, capMs: 1_000 } as const

/**
 * Opens after one call that a driver has given up (it sends lost ones again), or three in a row that ran out of
 * time. Then probes, with jitter, until one is answered: recovery needs no call.
 */
export function createBreaker({ database, clock, logger, random, onChange }: BreakerOptions): Breaker {
  const closing = new AbortController()
  let timeouts = 0
  let outage: { readonly cause: unknown; readonly over: PromiseWithResolvers<void> } | undefined
  let probing: Promise<void> = Promise.resolve()

  function open(cause: unknown): void {
    if (outage || closing.signal.aborted) return
    outage = { cause, over: Promise.withResolvers() }
    logger.warn({ err: cause }, 'the database is away')
    onChange(false)
    probing = probe()
  }

  function up(): void {
    timeouts = 0
    if (!outage) return
    const { over } = outage
    outage = undefined
    logger.info({}, 'the database is back')
    over.resolve()
    onChange(true)
  }

  async function probe(): Promise<void> {
    for (let attempt = 1; outage && !closing.signal.aborted; attempt++) {
      const pauseMs = fullJitterMs(attempt, { ...pause, random })
      await clock.sleep(pauseMs, { signal: closing.signal, unref: true }).catch(() => undefined)
      if (closing.signal.aborted) return
      const { status } = await database
        .health({ timeoutMs: probeTimeoutMs, signal: closing.signal })
        .catch(() => ({ status: 'down' as const }))
      if (status === 'up') up()
    }
  }

  async function guard<Value>(send: () => Promise<Value>): Promise<Value> {
    if (outage) throw away(outage.cause)
    try {
      const value = await send()
      up()
      return value
    } catch (error) {
      if (isCoreError(error, 'E_DATABASE_UNAVAILABLE')) open(error)
      else if (isCoreError(error, 'E_TIMEOUT') && ++timeouts >= timeoutsInRow) open(error)
      throw error
    }
  }

  const guarded: Database = {
    driver: database.driver,
    rpc: (name, args, options) => guard(() => database.rpc(name, args, options)),
    call: (name, args, options) => guard(() => database.call(name, args, options)),
    listen: (channel, onHint, options) => guard(() => database.listen(channel, onHint, options)),
    health: (options) => database.health(options),
    load: () => database.load(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  }

  return {
    database: guarded,
    get isUp() {
      return outage === undefined
    },
    async whenUp(signal) {
      const either = AbortSignal.any([signal, closing.signal])
      while (outage) {
        const { over } = outage
        either.throwIfAborted()
        const aborted = Promise.withResolvers<never>()
        const onAbort = () => aborted.reject(either.reason)
        either.addEventListener('abort', onAbort, { once: true })
        try {
          await Promise.race([over.promise, aborted.promise])
        } finally {
          either.removeEventListener('abort', onAbort)
        }
      }
    },
    open,
    async [Symbol.asyncDispose]() {
      closing.abort(new CoreError('E_CLOSED', 'the core is closed'))
      await probing
    },
  }
}

function away(cause: unknown): CoreError {
  return new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away: the call was not sent', {
    cause,
    fix: 'Send it again later, with the same key; calls are sent again as soon as a probe is answered.',
    details: { reason: 'breaker_open', sent: false },
  })
}
