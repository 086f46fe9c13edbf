import { type Clock, fullJitterMs, raceSignal } from '@core/foundation'
import { type BoundCall, createLeaseDelivery, type LeaseDelivery, type LeaseDeliveryOptions } from './lease-delivery.ts'

export interface LeaseReporterOptions extends LeaseDeliveryOptions {
  clock: Clock
  reportEveryMs: number
}

export interface LeaseReporter extends Pick<LeaseDelivery, 'refusal' | 'closingKey' | 'ended'> {
  /** Nothing may be spent any more: the lease has ended, or its close may have arrived. */
  readonly isOver: boolean
  /** Reports everything spent so far. */
  report(options: BoundCall): Promise<void>
  /** Reports everything and closes the lease in the database. Spending has stopped. */
  end(options: BoundCall): Promise<void>
  /** Asks the database for the time. */
  synchronise(options: BoundCall): Promise<void>
  /** Checks what is due now instead of at the next interval. */
  wake(): void
  /** Works in the background until stopped. Does not keep the process alive. */
  start(): void
  stop(): Promise<void>
}

/** Pauses after failures. */
const BACKOFF = { baseMs: 1_000, capMs: 30_000 }
/** Limit of one call in the background. */
const CALL_TIMEOUT_MS = 10_000
/** How often the clocks are compared. */
const WATCH_MS = 1_000

/** Reports what a lease has spent, on demand and in the background, one call to the database at a time. */
export function createLeaseReporter(options: LeaseReporterOptions): LeaseReporter {
  const { lease, commit, tally, time, clock, logger, reportEveryMs } = options
  const delivery = createLeaseDelivery(options)
  let last: Promise<unknown> = Promise.resolve()
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let wakeUp: (() => void) | undefined
  let failures = 0

  /** One at a time: a number may not overtake the one before. */
  function exclusively<Value>(work: () => Promise<Value>, { signal }: BoundCall): Promise<Value> {
    const turn = last.then(async () => {
      signal.throwIfAborted()
      return await work()
    })
    last = turn.catch(() => undefined)
    return raceSignal(turn, signal)
  }

  async function run(): Promise<void> {
    const { signal } = stopping
    let dueAt = clock.monotonic() + (delivery.isStale ? 0 : reportEveryMs)
    while (!signal.aborted && !delivery.refusal && !delivery.ended && !commit.failure) {
      await pause(Math.min(WATCH_MS, Math.max(0, dueAt - clock.monotonic())), signal)
      if (signal.aborted) return
      const isUp = time.check() === 0
      if (time.jumpMs !== 0 && !delivery.isStale) {
        logger.warn({ lease, jumpMs: time.jumpMs }, 'the wall clock was set; asking the database for the time')
        delivery.markStale()
        if (failures === 0) dueAt = clock.monotonic()
      }
      const isPressing = failures === 0 && (tally.waiting.length > 0 || (isUp && delivery.closingKey === undefined))
      if (clock.monotonic() < dueAt && !isPressing) continue
      dueAt = clock.monotonic() + (await attempt(signal))
    }
  }

  /** Does what is due; returns the pause until the next attempt. */
  async function attempt(signal: AbortSignal): Promise<number> {
    const call = { signal, timeoutMs: CALL_TIMEOUT_MS }
    try {
      await exclusively(async () => {
        if (delivery.isStale) await delivery.synchronise(call)
        await delivery.deliverAll(call)
        if (delivery.isStale) await delivery.synchronise(call)
        if (time.check() > 0 || delivery.ended) return
        // Over by this machine's clocks: the database's clock decides. Ending it releases the rest before the grace
        // does.
        await delivery.synchronise(call)
        if (time.check() === 0) await delivery.end(call)
      }, call)
      if (failures > 0) logger.info({ lease, failures }, 'a credit lease reports again')
      failures = 0
      return reportEveryMs
    } catch (error) {
      if (signal.aborted || delivery.refusal) return 0
      failures += 1
      const say = failures === 1 ? logger.warn : logger.debug
      say.call(logger, { err: error, lease, failures }, 'a credit lease could not report; trying again')
      return fullJitterMs(failures, BACKOFF)
    }
  }

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    const nap = new AbortController()
    wakeUp = () => nap.abort()
    const onAbort = () => nap.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    await clock.sleep(ms, { signal: nap.signal, unref: true }).catch(() => undefined)
    signal.removeEventListener('abort', onAbort)
    wakeUp = undefined
  }

  return {
    get refusal() {
      return delivery.refusal
    },
    get closingKey() {
      return delivery.closingKey
    },
    get isOver() {
      return delivery.closingKey !== undefined || delivery.ended !== undefined
    },
    get ended() {
      return delivery.ended
    },
    report: (call) => exclusively(() => delivery.deliverAll(call), call),
    end: (call) => exclusively(() => delivery.end(call), call),
    synchronise: (call) => exclusively(() => delivery.synchronise(call), call),
    wake: () => wakeUp?.(),
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
