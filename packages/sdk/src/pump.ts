import { CoreError, raceSignal } from '@core/foundation'

/** Parts that the pump reads ahead of its reader. */
const partsAhead = 64

export interface PumpOptions {
  /** Ends the pump; the reader gets its reason. */
  readonly signal: AbortSignal
  /** How long a reader may leave a full buffer untouched. */
  readonly readerTimeoutMs: number
}

/** A stream with a reader of its own: it comes to its end whether the copy is read or not. */
export interface Pump<Part> {
  readonly stream: ReadableStream<Part>
  /** Yields the parts as they come, and hands them on; it is to be read to its end. Fails when the reader has left. */
  parts(source: ReadableStream<Part>): AsyncGenerator<Part, void, undefined>
  /** Ends the copy, for its reader as well. */
  end(error?: unknown): void
  /** The source has ended: the copy waits five seconds at most for `end`, which a settle may come before. */
  endSoon(): void
}

const settleWaitMs = 5_000

export function createPump<Part>({ signal, readerTimeoutMs }: PumpOptions): Pump<Part> {
  const left = new AbortController()
  const within = AbortSignal.any([signal, left.signal])
  let wanted = Promise.withResolvers<void>()
  let copy: ReadableStreamDefaultController<Part> | undefined
  const stream = new ReadableStream<Part>(
    {
      start(controller) {
        copy = controller
      },
      pull() {
        wanted.resolve()
        wanted = Promise.withResolvers()
      },
      cancel() {
        copy = undefined
        left.abort(new CoreError('E_ABORTED', 'the reader cancelled the stream'))
      },
    },
    new CountQueuingStrategy({ highWaterMark: partsAhead }),
  )

  async function waitForRoom(): Promise<void> {
    while (copy !== undefined && (copy.desiredSize ?? 0) <= 0) {
      const limit = AbortSignal.timeout(readerTimeoutMs)
      try {
        await raceSignal(wanted.promise, AbortSignal.any([within, limit]))
      } catch (error) {
        if (!limit.aborted || within.aborted) throw error
        throw new CoreError('E_ABORTED', `nothing was read of the stream for ${readerTimeoutMs} ms`)
      }
    }
    within.throwIfAborted()
  }

  function end(error?: unknown): void {
    if (error === undefined) copy?.close()
    else copy?.error(error)
    copy = undefined
  }

  return {
    stream,
    end,
    endSoon: () => void setTimeout(end, settleWaitMs).unref?.(),
    async *parts(source) {
      const reader = source.getReader()
      try {
        for (;;) {
          const { done, value } = await raceSignal(reader.read(), within)
          if (done) return
          yield value
          copy?.enqueue(value)
          await waitForRoom()
        }
      } catch (error) {
        reader.cancel(error).catch(() => undefined)
        throw error
      }
    },
  }
}
