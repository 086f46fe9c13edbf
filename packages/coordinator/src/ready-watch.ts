import { callable, coordinatorWaiting } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, isCoreError, type Logger } from '@core/foundation'

/** What a loop waits for: the inbox of the project, or queues. */
export interface Watched {
  readonly inbox?: boolean | undefined
  readonly queues?: readonly string[] | undefined
}

/** The place of one loop among those of a process that wait. */
export interface Watching {
  /** Resolves when there may be something, after so long where no call can say, or when the signal aborts. */
  wait(pauseMs: number, signal: AbortSignal | undefined): Promise<void>
  /** Wakes another loop that waits for the same: this one has found something, and there may be more. */
  passOn(): void
  close(): Promise<void>
}

/** Loops of one process that find nothing wait here: one call asks for all of them. */
export interface ReadyWatch {
  enter(watched: Watched, options?: { unref?: boolean }): Watching
}

export interface ReadyWatchDependencies {
  /** A port that cannot listen gives no hints. */
  readonly database: Pick<Database, 'rpc'> & Partial<Pick<Database, 'listen'>>
  readonly project: string | undefined
  readonly clock: Clock
  readonly logger: Logger
}

interface Waiter {
  readonly watched: Watched
  readonly pauseMs: number
  readonly unref: boolean
  dueAt: number
  wake(): void
}

/** A call asks also for those who have waited for this part of their pause: so they come to be asked for together. */
const askedWithin = 0.5
/** As many queues as the database takes in one call. */
const mostQueues = 1_000
/** After hints could not be listened for, they are tried again: the database may have been away for a moment. */
const listenAgainMs = 60_000
/** How long each loop asks for itself where the call is refused: a credential may lack the scope of one of them. */
const refusedMs = 60_000

export function createReadyWatch({ database, project, clock, logger }: ReadyWatchDependencies): ReadyWatch {
  const ask = callable(database, coordinatorWaiting)
  /** The one that waits the longest first: one message is for one of them. */
  const waiters = new Set<Waiter>()
  let isLooking = false
  let isChanged = new AbortController()
  let askAgainAt = 0
  const hints = createHints()

  function wakeFirst(isFor: (watched: Watched) => boolean): boolean {
    for (const waiter of waiters) {
      if (!isFor(waiter.watched)) continue
      waiter.wake()
      return true
    }
    return false
  }

  async function look(): Promise<void> {
    isLooking = true
    while (waiters.size > 0) {
      const dueAt = Math.min(...Array.from(waiters, (waiter) => waiter.dueAt))
      const leftMs = dueAt - clock.monotonic()
      if (leftMs > 0) {
        isChanged = new AbortController()
        const unref = Array.from(waiters).every((waiter) => waiter.unref)
        await clock.sleep(leftMs, { signal: isChanged.signal, unref }).catch(() => undefined)
        continue
      }
      const now = clock.monotonic()
      await askFor([...waiters].filter((each) => each.dueAt <= now + each.pauseMs * askedWithin))
    }
    isLooking = false
  }

  /** Wakes those for whom there is something, and all of them where it cannot be asked. */
  async function askFor(due: readonly Waiter[]): Promise<void> {
    const queues = [...new Set(due.flatMap(({ watched }) => watched.queues ?? []))]
    const isAlone = due.length === 1
    if (isAlone || queues.length > mostQueues || clock.monotonic() < askAgainAt) {
      for (const waiter of due) waiter.wake()
      return
    }
    const inbox = due.some(({ watched }) => watched.inbox)
    try {
      const ready = await ask({ inbox, queues, project })
      const now = clock.monotonic()
      for (const waiter of due) waiter.dueAt = now + waiter.pauseMs
      if (ready.inbox) wakeFirst((watched) => watched.inbox === true)
      for (const queue of ready.queues) wakeFirst((watched) => watched.queues?.includes(queue) === true)
    } catch (err) {
      if (isCoreError(err) && !err.retryable) {
        askAgainAt = clock.monotonic() + refusedMs
        logger.debug({ err }, 'loops that wait cannot be asked for together')
      }
      for (const waiter of due) waiter.wake()
    }
  }

  /** Of messages only: tasks are enqueued without a hint. One connection listens while a loop has its place. */
  function createHints() {
    let places = 0
    let opening: Promise<AsyncDisposable | undefined> | undefined
    /** One that came while no loop was waiting: the next does not wait. */
    let isHinted = false
    const onHint = (recipient: string) => {
      if (recipient !== '' && recipient !== '*' && recipient !== project) return
      isHinted = !wakeFirst((watched) => watched.inbox === true)
    }
    let listenAt = Number.NEGATIVE_INFINITY
    function listen(): void {
      if (opening !== undefined || clock.monotonic() < listenAt) return
      // What was sent before it listened gave no hint: it is looked for once.
      const heard = (listening: AsyncDisposable) => {
        onHint('')
        return listening
      }
      const own = database.listen?.('core_message', onHint).then(heard, (err: unknown) => {
        if (listenAt < 0) logger.warn({ err }, 'no hints at messages: they are looked for at intervals')
        listenAt = clock.monotonic() + listenAgainMs
        if (opening === own) opening = undefined
        return undefined
      })
      opening = own
    }
    return {
      listen,
      enter() {
        places++
        listen()
      },
      take() {
        const had = isHinted
        isHinted = false
        return had
      },
      async leave() {
        if (--places > 0) return
        const closing = opening
        opening = undefined
        await (await closing)?.[Symbol.asyncDispose]()
      },
    }
  }

  return {
    enter(watched, { unref = false } = {}) {
      if (watched.inbox) hints.enter()
      function passOn(): void {
        if (watched.inbox) wakeFirst((other) => other.inbox === true)
        for (const queue of watched.queues ?? []) wakeFirst((other) => other.queues?.includes(queue) === true)
      }
      return {
        async wait(pauseMs, signal) {
          if (watched.inbox) hints.listen()
          if (signal?.aborted || (watched.inbox && hints.take())) return
          const woken = Promise.withResolvers<void>()
          const waiter: Waiter = { watched, pauseMs, unref, dueAt: clock.monotonic() + pauseMs, wake }
          function wake(): void {
            waiters.delete(waiter)
            woken.resolve()
          }
          waiters.add(waiter)
          signal?.addEventListener('abort', wake, { once: true })
          isChanged.abort()
          if (!isLooking) void look()
          await woken.promise
          signal?.removeEventListener('abort', wake)
          // Nothing is left to sleep for, or nothing for which the process has to stay.
          if (waiters.size === 0 || !unref) isChanged.abort()
        },
        passOn,
        async close() {
          passOn() // what it was woken for and did not take
          if (watched.inbox) await hints.leave()
        },
      }
    },
  }
}
