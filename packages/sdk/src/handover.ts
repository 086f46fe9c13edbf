/** Passes values from one task to another, one at a time: a slow reader slows the writer. */
export interface Handover<Value> {
  /** Resolves when the reader asks for the next value. Rejects with the signal's reason. */
  give(value: Value, signal: AbortSignal): Promise<void>
  /** After the last value. An error is thrown at the reader. */
  end(error?: unknown): void
  take(): AsyncGenerator<Value, void, undefined>
}

export function createHandover<Value>(): Handover<Value> {
  let given: { readonly value: Value; readonly taken: () => void } | undefined
  let ended: { readonly error: unknown } | undefined
  let wake = Promise.withResolvers<void>()

  function notify(): void {
    wake.resolve()
    wake = Promise.withResolvers()
  }

  return {
    give: (value, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const onAbort = () => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        given = {
          value,
          taken() {
            signal.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        notify()
      }),
    end(error) {
      ended = { error }
      notify()
    },
    async *take() {
      for (;;) {
        if (given) {
          const { value, taken } = given
          given = undefined
          yield value
          taken()
        } else if (ended) {
          if (ended.error !== undefined) throw ended.error
          return
        } else await wake.promise
      }
    },
  }
}
