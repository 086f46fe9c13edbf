import { type CallOptions, type Clock, CoreError, fullJitterMs, type Logger } from '@core/foundation'
import type { Delivered } from './message.ts'
import type { ReadyWatch } from './ready-watch.ts'

export interface InboxOptions {
  signal?: AbortSignal | undefined
  /** Received at once, 1 to 1,000; default 10. */
  batch?: number | undefined
  /** Seconds until another process receives what this one no longer extends, 3 to 43,200; default 30. */
  visibleSeconds?: number | undefined
  /** The most between two looks at an empty inbox; a hint wakes it before. Default 1,000. */
  pollMs?: number | undefined
  /** For people: who receives. */
  holder?: string | undefined
}

export interface InboxDependencies {
  receive(options: { limit: number; visibleSeconds: number; holder?: string } & CallOptions): Promise<Delivered[]>
  extend(
    held: readonly Pick<Delivered, 'delivery' | 'fence'>[],
    visibleSeconds: number,
    options?: CallOptions,
  ): Promise<readonly string[]>
  readonly watch: ReadyWatch
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}

interface Held {
  readonly message: Delivered
  readonly lost: AbortController
  renewedAt: number
}

/** Part of its time after which a message that was not extended is given up here, before another process receives it. */
const trusted = 0.9

/**
 * A message that was sent while another one was ready gives no hint, and may commit just after this inbox was found empty: it is
 * looked for soon, and then less and less often.
 */
const soonMs = 100

/** What was received and not yet reached by the loop is given back when the loop ends. */
export async function* readInbox(
  { receive, extend, watch, clock, logger, random }: InboxDependencies,
  { signal, batch = 10, visibleSeconds = 30, pollMs = 1_000, holder }: InboxOptions = {},
): AsyncGenerator<Delivered, void, undefined> {
  const held = new Map<string, Held>()
  const ending = new AbortController()
  const watching = watch.enter({ inbox: true }, { unref: true })
  const everyMs = (visibleSeconds * 1000) / 3

  function lose({ message: { delivery }, lost }: Held): void {
    held.delete(delivery)
    lost.abort(
      new CoreError('E_CONFLICT', `the delivery ${delivery} is lost`, {
        details: { reason: 'message_stale', delivery },
      }),
    )
  }

  async function keep(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(everyMs, { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) return
      const all = [...held.values()]
      if (all.length === 0) continue
      const sentAt = clock.monotonic()
      try {
        const options = { signal: ending.signal, timeoutMs: Math.max(1_000, everyMs) }
        const lost = new Set(
          await extend(
            all.map(({ message }) => message),
            visibleSeconds,
            options,
          ),
        )
        for (const entry of all) {
          if (!lost.has(entry.message.delivery)) entry.renewedAt = sentAt
          else if (held.has(entry.message.delivery)) lose(entry)
        }
      } catch (err) {
        if (!ending.signal.aborted) logger.warn({ err }, 'messages could not be extended')
      }
      const oldest = clock.monotonic() - visibleSeconds * 1000 * trusted
      for (const entry of [...held.values()]) if (entry.renewedAt < oldest) lose(entry)
    }
  }

  /** Ends what this process holds as soon as the caller has said what became of it. */
  function hold(message: Delivered, receivedAt: number): Delivered {
    const lost = new AbortController()
    const { delivery } = message
    held.set(delivery, { message, lost, renewedAt: receivedAt })
    return {
      ...message,
      signal: lost.signal,
      ack: (options) => message.ack(options).finally(() => held.delete(delivery)),
      nack: (error, options) => message.nack(error, options).finally(() => held.delete(delivery)),
    }
  }

  const keeping = keep()
  const waiting: Delivered[] = []
  let mostMs = pollMs
  try {
    for (let failures = 0; !signal?.aborted; ) {
      const receivedAt = clock.monotonic()
      try {
        // Not under the signal: what an unanswered call received would be held until its time ends.
        const found = await receive({ limit: batch, visibleSeconds, ...(holder === undefined ? {} : { holder }) })
        failures = 0
        if (found.length > 0) mostMs = soonMs
        waiting.push(...found.map((message) => hold(message, receivedAt)))
        if (found.length === batch) watching.passOn()
      } catch (err) {
        if (failures++ === 0) logger.warn({ err }, 'messages could not be received')
      }
      if (waiting.length === 0) {
        const pauseMs =
          failures > 0
            ? fullJitterMs(failures, { baseMs: pollMs, capMs: 30_000, random })
            : Math.min(mostMs, pollMs * (0.75 + random() / 4))
        mostMs = Math.min(pollMs, mostMs * 4)
        await watching.wait(pauseMs, signal)
      }
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        if (message.signal.aborted) continue
        if (signal?.aborted) {
          waiting.unshift(message)
          break
        }
        yield message
        // What the loop has left without an end is received again after its time.
        held.delete(message.delivery)
      }
    }
  } finally {
    ending.abort()
    await keeping
    await watching.close()
    await Promise.all(
      waiting.map((message) =>
        message.nack(undefined, { outcome: 'release' }).catch((err: unknown) => {
          logger.warn({ delivery: message.delivery, err }, 'a message could not be given back; it ends by its time')
        }),
      ),
    )
  }
}
