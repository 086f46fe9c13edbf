import { type Clock, type Logger, systemClock } from '@core/foundation'

/** Hears how the loops do, by their names. */
export interface LoopReport {
  started(loop: string): void
  succeeded(loop: string): void
  failed(loop: string, error: unknown): void
}

export interface LoopOptions {
  readonly name: string
  /** Milliseconds between the end of one run and the start of the next, give or take half. */
  readonly everyMs: number
  /** Must end soon after its signal aborts. */
  readonly work: (signal: AbortSignal) => Promise<void>
  readonly logger: Logger
  /** Told how each run ended. Default: nobody. */
  readonly report?: LoopReport | undefined
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Repeats a piece of work until disposed. The pause is random, so that several control planes do not all come at once.
 * A failure is told once and work goes on: the next run may find the database again.
 */
export function startLoop({ name, everyMs, work, logger, report, ...options }: LoopOptions): AsyncDisposable {
  const { clock = systemClock, random = Math.random } = options
  const controller = new AbortController()
  const { signal } = controller
  let isFailing = false

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(everyMs * (0.5 + random()), { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        await work(signal)
        report?.succeeded(name)
        if (isFailing) logger.info({ loop: name }, 'background work goes on')
        isFailing = false
      } catch (error) {
        if (signal.aborted) return
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
