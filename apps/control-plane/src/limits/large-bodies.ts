import { type Clock, systemClock } from '@core/foundation'

export interface LargeBodiesOptions {
  /** Milliseconds that the server is free for others after each millisecond of work on a large body. Default 2. */
  readonly pausePerMs?: number
  /** Bytes of one caller that may wait for their turn beside one body. Default 4 MiB. */
  readonly maxWaitingBytesPerCaller?: number
  /** Bytes of all callers that may wait. Default 48 MiB. */
  readonly maxWaitingBytes?: number
  /** The longest wait for a turn. Default 5,000. */
  readonly maxWaitMs?: number
  readonly clock?: Clock
}

export interface LargeBodies {
  /** Does synchronous work in the caller's turn; calls `refuse` instead where too much waits, or it waited too long. */
  run(caller: string, bytes: number, work: () => void, refuse: () => void): void
}

interface Waiting {
  readonly bytes: number
  readonly work: () => void
  readonly refuse: () => void
  readonly since: number
}

interface Caller {
  readonly bodies: Waiting[]
  bytes: number
}

const MiB = 1024 * 1024
/** Below this the pause is shorter than a timer can be. */
const shortestPauseMs = 4

/**
 * Reads large bodies one at a time, callers in turns, and leaves the thread to everybody else for twice as long after
 * each: JSON of the size of a whole body takes tens of milliseconds to check, in which nothing else is answered.
 */
export function createLargeBodies(options: LargeBodiesOptions = {}): LargeBodies {
  const { pausePerMs = 2, maxWaitMs = 5000, clock = systemClock } = options
  const { maxWaitingBytesPerCaller = 4 * MiB, maxWaitingBytes = 48 * MiB } = options
  /** In the order of their turns. */
  const callers = new Map<string, Caller>()
  let waitingBytes = 0
  let isRunning = false
  let owedMs = 0

  async function work(): Promise<void> {
    isRunning = true
    for (let next = take(); next !== undefined; next = take()) {
      const startedAt = clock.monotonic()
      if (startedAt - next.since > maxWaitMs) next.refuse()
      else next.work()
      owedMs += (clock.monotonic() - startedAt) * pausePerMs
      if (owedMs < shortestPauseMs) continue
      await clock.sleep(owedMs)
      owedMs = 0
    }
    isRunning = false
  }

  function take(): Waiting | undefined {
    const [first] = callers
    if (first === undefined) return undefined
    const [name, caller] = first
    const next = caller.bodies.shift()
    const bytes = next?.bytes ?? 0
    caller.bytes -= bytes
    waitingBytes -= bytes
    callers.delete(name)
    if (caller.bodies.length > 0) callers.set(name, caller)
    return next
  }

  return {
    run(name, bytes, run, refuse) {
      const caller = callers.get(name) ?? { bodies: [], bytes: 0 }
      const isBeyondOwn = caller.bodies.length > 0 && caller.bytes + bytes > maxWaitingBytesPerCaller
      const isBeyondAll = waitingBytes > 0 && waitingBytes + bytes > maxWaitingBytes
      if (isBeyondOwn || isBeyondAll) return refuse()
      caller.bodies.push({ bytes, work: run, refuse, since: clock.monotonic() })
      caller.bytes += bytes
      waitingBytes += bytes
      callers.set(name, caller)
      if (!isRunning) void work()
    },
  }
}
