import { type Clock, CoreError, type Logger } from '@core/foundation'

/** Something of a project that one process holds under a fence. Disposing it releases it. */
export interface Held extends AsyncDisposable {
  /** Greater than that of every holder before. What is written under it carries it, so that a late write is refused. */
  readonly fence: number
  /** Aborts when it is lost, and before another process can have it. */
  readonly signal: AbortSignal
}

export interface Holding {
  /** For people: `the lock nightly`. */
  readonly what: string
  readonly fence: number
  readonly ttlSeconds: number
  /** Of the monotonic clock, before it was asked for. */
  readonly since: number
  /** Why the signal of one that is lost aborts. */
  readonly lostReason: string
  /** False where it is lost. */
  renew(options: { signal: AbortSignal; timeoutMs: number }): Promise<boolean>
  release(options: { timeoutMs: number }): Promise<unknown>
}

/** Part of its time after which one that was not renewed is given up here, before the database gives it to another. */
const trusted = 0.9
const releaseLimitMs = 2_000

/** Renews it at a third of its time until it is disposed or lost. */
export function holdUntilDisposed(
  { clock, logger }: { clock: Clock; logger: Logger },
  { what, fence, ttlSeconds, since, lostReason, renew, release }: Holding,
): Held {
  const ending = new AbortController()
  const lost = new AbortController()
  const lose = () =>
    lost.abort(new CoreError('E_CONFLICT', `${what} is lost`, { details: { reason: lostReason, fence } }))

  async function keep(): Promise<void> {
    const everyMs = (ttlSeconds * 1000) / 3
    const trustedMs = ttlSeconds * 1000 * trusted
    let heldSince = since
    for (let isFailing = false; !ending.signal.aborted && !lost.signal.aborted; ) {
      const leftMs = trustedMs - (clock.monotonic() - heldSince)
      const pauseMs = Math.max(0, Math.min(isFailing ? everyMs / 10 : everyMs, leftMs))
      await clock.sleep(pauseMs, { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) return
      const sentAt = clock.monotonic()
      if (sentAt - heldSince >= trustedMs) return lose()
      try {
        const timeoutMs = Math.max(1, trustedMs - (sentAt - heldSince))
        if (!(await renew({ signal: ending.signal, timeoutMs }))) return lose()
        heldSince = sentAt
        isFailing = false
      } catch (err) {
        if (!isFailing && !ending.signal.aborted) logger.warn({ fence, err }, `${what} could not be renewed`)
        isFailing = true
      }
    }
  }

  const keeping = keep()
  return {
    fence,
    signal: lost.signal,
    async [Symbol.asyncDispose]() {
      ending.abort()
      await keeping
      lost.abort(new CoreError('E_CLOSED', `${what} was released`))
      await release({ timeoutMs: releaseLimitMs }).catch((err: unknown) =>
        logger.warn({ fence, err }, `${what} could not be released; it ends by its time`),
      )
    },
  }
}
