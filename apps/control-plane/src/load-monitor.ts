import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LoadMonitorOptions {
  /** The mean delay of the event loop, in milliseconds, from which on the process is overloaded. */
  readonly maxLoopDelayMs: number
  /** Milliseconds of one measurement. */
  readonly sampleMs?: number
}

export interface LoadMonitor extends Disposable {
  /** The mean delay of the last measurement, in milliseconds. */
  loopDelayMs(): number
  isOverloaded(): boolean
}

const resolutionMs = 20

/** Watches how late the event loop runs what is due: the one figure that grows with every kind of overload. */
export function startLoadMonitor({ maxLoopDelayMs, sampleMs = 500 }: LoadMonitorOptions): LoadMonitor {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let delayMs = 0
  const timer = setInterval(() => {
    // The histogram holds whole intervals of its own timer. Without any (NaN) nothing was late.
    delayMs = Math.max(0, histogram.mean / 1e6 - resolutionMs) || 0
    histogram.reset()
  }, sampleMs)
  timer.unref()
  return {
    loopDelayMs: () => delayMs,
    isOverloaded: () => delayMs > maxLoopDelayMs,
    [Symbol.dispose]() {
      clearInterval(timer)
      histogram.disable()
    },
  }
}

/** Why the server can take no more work now: its own event loop is late, or the database has enough to do. */
export function createOverload(measured: {
  readonly load: Pick<LoadMonitor, 'isOverloaded'>
  readonly isFull: () => boolean
}): () => string | undefined {
  return () => {
    if (measured.load.isOverloaded()) return 'the server is overloaded'
    return measured.isFull() ? 'the database has as much to do as it can take' : undefined
  }
}
