import type { Clock } from '../clock.ts'

/** A clock that moves only when a test says so. */
export interface FakeClock extends Clock {
  /** Moves both clocks on and wakes the sleepers that are due, in order; what they do next runs before it resolves. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock only, forwards or back, as an administrator or NTP would. */
  setNow(ms: number): void
  /** How many calls of `sleep` are waiting. */
  sleepers(): number
}

interface Sleeper {
  wakeAt: number
  wake(): void
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let monotonicMs = 0
  let offsetMs = startMs
  const sleepers = new Set<Sleeper>()

  const nextDue = (untilMs: number) =>
    [...sleepers].filter(({ wakeAt }) => wakeAt <= untilMs).sort((a, b) => a.wakeAt - b.wakeAt)[0]

  return {
    now: () => offsetMs + monotonicMs,
    monotonic: () => monotonicMs,
    setNow(ms) {
      offsetMs = ms - monotonicMs
    },
    sleepers: () => sleepers.size,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const onAbort = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper: Sleeper = {
          wakeAt: monotonicMs + ms,
          wake() {
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    async advance(ms) {
      const untilMs = monotonicMs + ms
      await settle()
      for (let due = nextDue(untilMs); due; due = nextDue(untilMs)) {
        sleepers.delete(due)
        monotonicMs = Math.max(monotonicMs, due.wakeAt)
        due.wake()
        await settle()
      }
      monotonicMs = untilMs
    },
  }
}

/** Lets promises that are ready run, and those they make ready. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
