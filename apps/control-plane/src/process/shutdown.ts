import type { Logger } from '@core/foundation'

export interface ShutdownOptions {
  readonly close: () => Promise<void>
  /** Milliseconds after which the process ends even if closing has not finished. */
  readonly limitMs: number
  readonly logger: Logger
  /** What sends the signals. Default: this process. */
  readonly signals?: Pick<NodeJS.Process, 'on'>
}

const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Resolves when a signal has come and everything is closed. Signals that follow change nothing: Ctrl-C reaches the
 * whole process group and is often forwarded by a parent as well, and the second must not cut the first one short.
 */
export function closeOnSignal({ close, limitMs, logger, signals = process }: ShutdownOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let isClosing = false
    for (const name of names) {
      signals.on(name, () => {
        if (isClosing) return
        isClosing = true
        logger.info({ signal: name }, 'shutting down')
        const timer = setTimeout(() => {
          logger.warn({ limitMs }, 'shutdown took too long; what was acknowledged is safe, the rest is cut off')
          resolve()
        }, limitMs)
        close()
          .then(resolve, reject)
          .finally(() => clearTimeout(timer))
      })
    }
  })
}
