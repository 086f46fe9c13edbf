import { CoreError } from '@core/foundation'

/** What is made at its first use and ended with the core. */
export interface Loading {
  /** One that fails to be made is tried again at the next call. */
  once<Made>(make: () => Promise<Made>, end?: (made: Made) => Promise<unknown>): () => Promise<Made>
  /** Ends what was made, the last first; what is asked for later is refused with E_CLOSED. */
  end(): Promise<void>
}

export function createLoading(): Loading {
  const ends: (() => Promise<unknown>)[] = []
  let isEnded = false

  return {
    once(make, end) {
      let making: ReturnType<typeof make> | undefined
      return () => {
        if (isEnded) return Promise.reject(new CoreError('E_CLOSED', 'the core is closed'))
        if (making) return making
        making = make()
        making.then(
          (made) => {
            if (end) ends.push(() => end(made))
          },
          () => {
            making = undefined
          },
        )
        return making
      }
    },
    async end() {
      isEnded = true
      for (const end of ends.splice(0).reverse()) await end().catch(() => undefined)
    },
  }
}
