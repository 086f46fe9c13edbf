import { type Clock, isCoreError, type Logger, systemClock } from '@core/foundation'

/** Receives how each loop's runs end, by the loop's name. */
export interface LoopReport {
  started(loop: string): void
  succeeded(loop: string): void
  failed(loop: string, error: unknown): void
}

/** Work that repeats in the background. */
export interface Loop {
  /** As reports, metrics and logs name it. */
  readonly name: string
  /** Milliseconds between the end of one run and the start of the next, give or take half. */
  readonly everyMs: number
  /** Must end soon after its signal aborts. A number it resolves with is how many things it handled. */
  readonly work: (signal: AbortSignal) => Promise<unknown>
}

export interface LoopOptions extends Loop {
  readonly logger: Logger
  /** Called with how each run ended. Default: none. */
  readonly report?: LoopReport | undefined
  /** True from the moment that what work uses is being closed: that ends the work, and is no failure. */
  readonly isClosing?: () => boolean
  readonly clock?: Clock
  readonly random?: () => number
}

/** Around when the first run comes, at the latest. */
const firstRunMs = 3000

/**
 * Repeats a piece of work until disposed. The pause is random, so that several control planes do not all call at once.
 * The first failure in a row is logged, and work continues: the database may be back at the next run.
 */
export function startLoop({ name, everyMs, work, logger, report, ...options }: LoopOptions): AsyncDisposable {
  const { clock = systemClock, random = Math.random, isClosing = () => false } = options
  const controller = new AbortController()
  const { signal } = controller
  let isFailing = false

  async function run(): Promise<void> {
    // The first run comes soon, so that work is done by a process that is restarted often, too.
    for (let pauseMs = Math.min(everyMs, firstRunMs); !signal.aborted; pauseMs = everyMs) {
      await clock.sleep(pauseMs * (0.5 + random()), { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        const handled = await work(signal)
        if (typeof handled === 'number' && handled > 0) logger.debug({ loop: name, handled }, 'background work done')
        report?.succeeded(name)
        if (isFailing) logger.info({ loop: name }, 'background work succeeds again')
        isFailing = false
      } catch (error) {
        if (signal.aborted || (isClosing() && isCutOff(error))) return
        report?.failed(name, error)
        if (!isFailing) logger.warn({ loop: name, err: error }, 'background work failed')
        isFailing = true
      }
    }
  }

  report?.started(name)
  const running = run()
  return {
    async [Symbol.asyncDispose]() {
      controller.abort()
      await running
    },
  }
}

/** Work that ended because what it used was closed. */
function isCutOff(error: unknown): boolean {
  return isCoreError(error, 'E_ABORTED') || isCoreError(error, 'E_CLOSED')
}
