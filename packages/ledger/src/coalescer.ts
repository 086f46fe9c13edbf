import { type CallOptions, CoreError, isCoreError } from '@core/foundation'
import { FAILURES_OF_ALL } from './failures-of-all.ts'

export interface CoalescerOptions<Item, Answer> {
  /** Sends what has gathered; one answer per item, in order. Gets its own deadline, not the callers'. */
  send: (items: readonly Item[]) => Promise<readonly Answer[]>
  /** Items of one batch at most. */
  maxBatch: number
  /** Items waiting at most; beyond that a call is refused at once instead of waiting without end. */
  maxQueue: number
  /** Limit of a call that names none, in milliseconds. */
  timeoutMs: number
}

export interface Coalescer<Item, Answer> extends AsyncDisposable {
  submit(item: Item, options?: CallOptions): Promise<Answer>
  /** Calls waiting and in flight. */
  readonly pending: number
  /** Refuses new calls and waits for those under way. */
  close(): Promise<void>
}

interface Waiting<Item, Answer> {
  item: Item
  dueAt: number
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
  settled: boolean
}

/**
 * From this many waiting calls on, a second batch is sent while one is in flight: answers are then delivered while the
 * database works. Smaller batches would only wait for each other's locks and commits. Of 48 to 250, 64 lets 256 callers of a
 * control plane make the most calls: a sixth more than 250, with which the database waits for each of its batches.
 */
const PIPELINE_AT = 64
const MAX_IN_FLIGHT = 2

/**
 * How often deadlines are checked. One timer for all calls: one timer per call cost as much as the rest of a submit.
 */
const SWEEP_MS = 20

/**
 * Gathers concurrent calls into batches. What arrives in one turn of the event loop goes together; what arrives while a
 * batch is in flight goes with the next one, so no call waits longer than that batch, and a single call does not wait.
 * Many calls are sent as two batches: one is in the database while the answers of the other are delivered.
 * A call that gives up (abort, deadline) does not affect the others. A batch that fails for good is sent again in two
 * halves, and so on, until the item at fault fails alone, after 2 * log2(n) calls instead of n; one whose outcome is
 * unknown fails for all its callers, retryable, and so does one whose failure no item caused.
 */
export function createCoalescer<Item, Answer>(options: CoalescerOptions<Item, Answer>): Coalescer<Item, Answer> {
  const { send, maxBatch, maxQueue, timeoutMs } = options
  const queue: Waiting<Item, Answer>[] = []
  const active = new Set<Waiting<Item, Answer>>()
  let inFlight = 0
  let scheduled = false
  let closed = false
  let sweeper: NodeJS.Timeout | undefined
  let onIdle: (() => void) | undefined
  let idle: Promise<void> | undefined

  function submit(item: Item, { signal, timeoutMs: limitMs = timeoutMs }: CallOptions = {}): Promise<Answer> {
    if (closed) return Promise.reject(new CoreError('E_CLOSED', 'the ledger is closed'))
    if (signal?.aborted) return Promise.reject(aborted(signal, false))
    if (!(limitMs > 0)) return Promise.reject(new CoreError('E_INVALID', `timeoutMs must be positive, got ${limitMs}`))
    if (queue.length >= maxQueue) {
      return Promise.reject(
        new CoreError('E_DATABASE_BUSY', `${maxQueue} calls already wait for the database`, {
          fix: 'Send fewer calls at once or raise maxQueue.',
          details: { sent: false },
        }),
      )
    }
    return new Promise<Answer>((resolve, reject) => {
      const waiting: Waiting<Item, Answer> = {
        item,
        dueAt: performance.now() + limitMs,
        resolve,
        reject,
        settled: false,
      }
      if (signal) followSignal(waiting, signal)
      queue.push(waiting)
      active.add(waiting)
      startSweeper()
      schedule()
    })
  }

  function followSignal(waiting: Waiting<Item, Answer>, signal: AbortSignal): void {
    const onAbort = () => giveUp(waiting, (sent) => aborted(signal, sent))
    signal.addEventListener('abort', onAbort, { once: true })
    const { resolve, reject } = waiting
    waiting.resolve = (answer) => {
      signal.removeEventListener('abort', onAbort)
      resolve(answer)
    }
    waiting.reject = (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(error)
    }
  }

  function giveUp(waiting: Waiting<Item, Answer>, toError: (sent: boolean) => CoreError): void {
    const place = queue.indexOf(waiting)
    if (place >= 0) queue.splice(place, 1)
    settle(waiting, () => waiting.reject(toError(place < 0)))
  }

  function settle(waiting: Waiting<Item, Answer>, how: () => void): void {
    if (waiting.settled) return
    waiting.settled = true
    active.delete(waiting)
    how()
  }

  function schedule(): void {
    if (scheduled || !mayFlush()) return
    scheduled = true
    // After the microtasks of this turn: callers that the last batch resumed can call again and join the next.
    setImmediate(() => {
      scheduled = false
      void flush()
    })
  }

  function mayFlush(): boolean {
    return inFlight === 0 || (inFlight < MAX_IN_FLIGHT && queue.length >= PIPELINE_AT)
  }

  async function flush(): Promise<void> {
    const many = inFlight === 0 && queue.length >= 2 * PIPELINE_AT
    const batch = queue.splice(0, Math.min(maxBatch, many ? Math.ceil(queue.length / 2) : queue.length))
    if (many) schedule()
    if (batch.length > 0) {
      inFlight++
      await deliver(batch)
      inFlight--
    }
    if (queue.length > 0) schedule()
    else if (active.size === 0 && inFlight === 0) becomeIdle()
  }

  async function deliver(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ item }) => item))
      if (answers.length !== batch.length) {
        throw new CoreError('E_INTERNAL', `${batch.length} calls got ${answers.length} answers`)
      }
      for (const [index, waiting] of batch.entries()) settle(waiting, () => waiting.resolve(answers[index] as Answer))
    } catch (error) {
      const mayBeAnItem = isCoreError(error) && !error.retryable && !FAILURES_OF_ALL.has(error.code)
      if (batch.length > 1 && mayBeAnItem) return await deliverHalves(batch)
      for (const waiting of batch) settle(waiting, () => waiting.reject(error))
    }
  }

  async function deliverHalves(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    const middle = Math.ceil(batch.length / 2)
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      // Filtered for each half: a call that gave up meanwhile is not sent again.
      const waiting = half.filter(({ settled }) => !settled)
      if (waiting.length > 0) await deliver(waiting)
    }
  }

  function startSweeper(): void {
    sweeper ??= setInterval(() => {
      const now = performance.now()
      for (const waiting of active) {
        if (waiting.dueAt <= now) giveUp(waiting, (sent) => timedOut(sent))
      }
      if (active.size === 0 && inFlight === 0) becomeIdle()
    }, SWEEP_MS)
  }

  function becomeIdle(): void {
    clearInterval(sweeper)
    sweeper = undefined
    onIdle?.()
  }

  const coalescer: Coalescer<Item, Answer> = {
    submit,
    get pending() {
      return active.size
    },
    close() {
      closed = true
      if (active.size === 0 && inFlight === 0) return Promise.resolve()
      idle ??= new Promise((resolve) => {
        onIdle = resolve
      })
      return idle
    },
    [Symbol.asyncDispose]: () => coalescer.close(),
  }
  return coalescer
}

function aborted(signal: AbortSignal, sent: boolean): CoreError {
  return new CoreError('E_ABORTED', `the call was aborted: ${fateOf(sent)}`, {
    cause: signal.reason,
    details: { sent },
  })
}

function timedOut(sent: boolean): CoreError {
  return new CoreError('E_TIMEOUT', `the call ran out of time: ${fateOf(sent)}`, { details: { sent } })
}

function fateOf(sent: boolean): string {
  return sent ? 'it was sent; send the same key again to learn its outcome' : 'it was not sent; nothing happened'
}
