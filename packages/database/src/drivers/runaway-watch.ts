/** Watches statements that were sent to the thread, oldest first: the first one runs. */
export interface RunawayWatch {
  /** Calls `onRunaway` when the statement still runs `runawayMs` after its signal aborted. */
  watch<Value>(answer: Promise<Value>, signal: AbortSignal, onRunaway: () => void): Promise<Value>
}

/** Only the statement that runs can be a runaway, not one that waits behind it. */
export function createRunawayWatch(runawayMs: number): RunawayWatch {
  /** Statements without an answer, oldest first. */
  const sent = new Set<Promise<unknown>>()

  return {
    watch(answer, signal, onRunaway) {
      sent.add(answer)
      let timer: NodeJS.Timeout | undefined
      const check = () => {
        timer = setTimeout(() => (sent.values().next().value === answer ? onRunaway() : check()), runawayMs)
        timer.unref()
      }
      signal.addEventListener('abort', check, { once: true })
      return answer.finally(() => {
        sent.delete(answer)
        clearTimeout(timer)
        signal.removeEventListener('abort', check)
      })
    },
  }
}
