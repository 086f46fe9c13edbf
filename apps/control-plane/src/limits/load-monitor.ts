import { type Clock, systemClock } from '@core/foundation'

export interface LoadMonitorOptions {
  /** The median delay of the event loop, in milliseconds, above which the process is overloaded. */
  readonly maxLoopDelayMs: number
  /** Called with each measured delay, in milliseconds. Default: none. */
  readonly onDelay?: (ms: number) => void
  readonly clock?: Pick<Clock, 'monotonic'>
}

export interface LoadMonitor extends Disposable {
  /** How late the event loop ran what was due, in milliseconds: the median of the last five measurements. */
  loopDelayMs(): number
  isOverloaded(): boolean
}

const everyMs = 100
const remembered = 5

/**
 * Watches how late the event loop runs what is due: the one figure that grows with every kind of overload. A timer of its
 * own, because `monitorEventLoopDelay` counts nothing at all while each turn of the loop takes longer than a measurement.
 */
export function startLoadMonitor({
  maxLoopDelayMs,
  onDelay = () => {},
  clock = systemClock,
}: LoadMonitorOptions): LoadMonitor {
  const delays: number[] = []
  let medianMs = 0
  let dueAt = clock.monotonic() + everyMs
  const timer = setInterval(() => {
    const now = clock.monotonic()
    const delayMs = Math.max(0, now - dueAt)
    onDelay(delayMs)
    delays.push(delayMs)
    if (delays.length > remembered) delays.shift()
    // One long pause, as at a start or when the machine gives the CPU to others, is no overload: it is over.
    medianMs = delays.length < remembered ? 0 : (delays.toSorted((a, b) => a - b)[Math.floor(remembered / 2)] ?? 0)
    dueAt = now + everyMs
  }, everyMs)
  timer.unref()
  return {
    loopDelayMs: () => medianMs,
    isOverloaded: () => medianMs > maxLoopDelayMs,
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** Why the server accepts no more work now: its event loop is late, or too many database calls are in flight. */
export function createOverload(measured: {
  readonly load: Pick<LoadMonitor, 'isOverloaded'>
  readonly isFull: () => boolean
}): () => string | undefined {
  return () => {
    if (measured.load.isOverloaded()) return 'the server is overloaded'
    return measured.isFull() ? 'too many database calls in flight' : undefined
  }
}
