import type { Logger } from '@core/foundation'

export interface ShutdownOptions {
  readonly close: (signal: (typeof names)[number]) => Promise<void>
  /** Milliseconds after which the process ends even if closing has not finished. */
  readonly limitMs: number
  readonly logger: Logger
  /** Whether a hang-up concerns this process. Default: whether one of its standard streams is a terminal. */
  readonly hasTerminal?: boolean
  /** What sends the signals. Default: this process. */
  readonly signals?: Pick<NodeJS.Process, 'on'>
}

const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Resolves when a signal has come and everything is closed. Signals that follow change nothing: Ctrl-C reaches the
 * whole process group and is often forwarded by a parent as well, and the second must not cut the first one short.
 * Without a terminal SIGHUP is ignored: `nohup` asks for that, and Node forgets that it did.
 */
export function closeOnSignal({ close, limitMs, logger, ...options }: ShutdownOptions): Promise<void> {
  const { signals = process, hasTerminal = isOnTerminal() } = options
  return new Promise((resolve, reject) => {
    let isClosing = false
    for (const name of names) {
      signals.on(name, () => {
        if (isClosing || (name === 'SIGHUP' && !hasTerminal)) return
        isClosing = true
        logger.info({ signal: name }, 'shutting down')
        const timer = setTimeout(() => {
          logger.warn({ limitMs }, 'shutdown took too long; acknowledged writes are safe, the rest is cut off')
          resolve()
        }, limitMs)
        close(name)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer))
      })
    }
  })
}

function isOnTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
}
