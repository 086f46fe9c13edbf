import { CoreError, raceSignal } from '@core/foundation'

export interface InFlight {
  /** Runs work unless closed (E_CLOSED). */
  track<Value>(work: () => Promise<Value>): Promise<Value>
  /** How many run. */
  count(): number
  /**
   * Refuses new work, waits a while for running work, cuts off the rest (E_CLOSED), frees. Later calls wait for the
   * first.
   */
  close(free: () => Promise<void>): Promise<void>
}

const DRAIN_MS = 5_000

/** Counts running work, so that closing can wait for it: at most `drainMs`. */
export function createInFlight(what: string, drainMs = DRAIN_MS): InFlight {
  const running = new Set<Promise<unknown>>()
  const cutOff = new AbortController()
  let closing: Promise<void> | undefined

  async function drainAndFree(free: () => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    })
    await Promise.race([Promise.allSettled([...running]), limit])
    clearTimeout(timer)
    cutOff.abort(new CoreError('E_CLOSED', `${what} was closed while the call was in flight; its outcome is unknown`))
    await free()
  }

  return {
    async track(work) {
      if (closing) throw new CoreError('E_CLOSED', `${what} was closed before the call`)
      const promise = work()
      running.add(promise)
      try {
        return await raceSignal(promise, cutOff.signal)
      } finally {
        running.delete(promise)
      }
    },
    count: () => running.size,
    close(free) {
      closing ??= drainAndFree(free)
      return closing
    },
  }
}
