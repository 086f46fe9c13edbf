import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'

/** Wakes those who wait for messages of a project when the database hints at some. */
export interface MessageHints {
  /** Resolves at a hint for the project, after so long, or when the signal aborts. Hints may never come. */
  wait(pauseMs: number, signal: AbortSignal | undefined): Promise<void>
  close(): Promise<void>
}

export interface MessageHintsDependencies {
  /** A port that cannot listen gives no hints. */
  readonly database: Partial<Pick<Database, 'listen'>>
  readonly project: string | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Listens on one connection, from the first time that somebody waits. */
export function openMessageHints({ database, project, clock, logger }: MessageHintsDependencies): MessageHints {
  /** Of a hint that came while no call was waiting: the next one does not wait. */
  let isHinted = false
  let hint = Promise.withResolvers<void>()
  const opening = listen()

  function wake(): void {
    isHinted = true
    hint.resolve()
    hint = Promise.withResolvers()
  }

  async function listen(): Promise<AsyncDisposable | undefined> {
    try {
      const listening = await database.listen?.('core_message', (recipient) => {
        if (recipient === '' || recipient === '*' || recipient === project) wake()
      })
      // What was sent before gave no hint: it is looked for once.
      if (listening) wake()
      return listening
    } catch (err) {
      logger.warn({ err }, 'no hints at messages: they are looked for at intervals')
      return undefined
    }
  }

  async function sleep(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
    const woken = new AbortController()
    const ends = AbortSignal.any([woken.signal, ...(signal ? [signal] : [])])
    const slept = clock.sleep(pauseMs, { signal: ends, unref: true }).catch(() => undefined)
    await Promise.race([hint.promise, slept])
    woken.abort()
  }

  return {
    async wait(pauseMs, signal) {
      if (!isHinted) await sleep(pauseMs, signal)
      isHinted = false
    },
    async close() {
      await (await opening)?.[Symbol.asyncDispose]()
    },
  }
}
