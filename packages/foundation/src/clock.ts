/** Time as a dependency. Tests pass a fake; production passes `systemClock`. */
export interface Clock {
  /** Milliseconds since the epoch. Can jump; for display and records only. */
  now(): number
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, options?: SleepOptions): Promise<void>
}

export interface SleepOptions {
  signal?: AbortSignal | undefined
  /** For work in the background: the process may end while it sleeps. */
  unref?: boolean | undefined
}

/** Longer than this (24.8 days), a timer of Node fires at once: its delay has 32 bits. */
export const maxTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, { signal, unref } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        Math.min(ms, maxTimerMs),
      )
      if (unref && typeof timer === 'object') timer.unref() // browsers' timers are numbers
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
