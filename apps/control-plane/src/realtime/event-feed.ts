import { callable, eventPoll } from '@core/api/functions'
import type { Database, MemberClaims } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { type OutboxEvent, type OutboxPage, toOutboxPage } from './outbox-event.ts'
import { createRecentEvents, type RecentEvents } from './recent-events.ts'

export interface EventFeedDependencies {
  readonly database: Pick<Database, 'rpc' | 'listen'>
  readonly logger: Logger
  readonly clock?: Clock
  /** Milliseconds between polls when no hint comes. Default 1000: the longest an event waits where hints are lost. */
  readonly pollEveryMs?: number
  /** How many of the newest events are kept in memory, at least. Default 2000. */
  readonly recentCapacity?: number
}

export interface FeedListener {
  /** Every event after the position, in order, each once. */
  readonly onEvent: (event: OutboxEvent) => void
  /** The database is another one: what was numbered before is void. */
  readonly onRestart: () => void
}

/** Reads the outbox for the whole process: one poller, however many clients. */
export interface EventFeed extends AsyncDisposable {
  /** Starts reading at the first call; resolves when `epoch` and `position` are known. Rejects as the database does. */
  ready(): Promise<void>
  /** Empty until ready. */
  readonly epoch: string
  /** Events up to here have been delivered. */
  readonly position: number
  /** The last event there is, as far as known: where "from now on" begins. Ahead of `position` just after a start. */
  readonly head: number
  readonly recent: Pick<RecentEvents, 'covers' | 'after'>
  /** Reads a part of the outbox for one client, within its claims. */
  read(query: ReadQuery): Promise<OutboxPage>
}

export interface ReadQuery {
  readonly after: number
  readonly topics: readonly string[]
  /** Undefined: as the owner, who sees every project. */
  readonly claims: MemberClaims | undefined
  readonly limit: number
}

const pageSize = 1000
/** Pauses after a hint: another process may be numbering at that moment, and says nothing when it is done. */
const afterHintMs = [10, 40, 200] as const
/** Hints often come in crowds: one poll serves those of so many milliseconds. */
const gatherMs = 5
/** Replays read at once: many reconnecting clients must not take the database from other requests. */
const readsAtOnce = 8

export function createEventFeed(dependencies: EventFeedDependencies, { onEvent, onRestart }: FeedListener): EventFeed {
  const { database, logger, clock = systemClock, pollEveryMs = 1000, recentCapacity = 2000 } = dependencies
  const recent = createRecentEvents(recentCapacity)
  const stopped = new AbortController()
  const { signal } = stopped
  const takeTurn = createTurns(readsAtOnce)
  let epoch = ''
  let position = 0
  let headAtStart = 0
  let starting: Promise<void> | undefined
  let running: Promise<void> | undefined
  let hints: AsyncDisposable | undefined
  let hintsReceived = 0 // only ever compared
  let wake: () => void = () => {}

  const poll = async (after: number, limit: number) =>
    toOutboxPage(await callable(database, eventPoll)({ after, limit }, { signal }), limit)

  async function start(): Promise<void> {
    hints ??= await database.listen('core_event', () => {
      hintsReceived++
      wake()
    })
    const end = await poll(-1, 1)
    begin(end)
    running ??= run()
  }

  /** Begins a little before the end: after a restart of this process its clients come back with a recent `since`. */
  function begin({ epoch: found, head, oldest }: OutboxPage): void {
    epoch = found
    position = Math.max(oldest - 1, head - recentCapacity, 0)
    headAtStart = head
    recent.restart(position)
  }

  async function run(): Promise<void> {
    let isFailing = false
    let hinted: number = afterHintMs.length // how many of the short pauses have passed
    while (!signal.aborted) {
      const seen = hintsReceived
      try {
        while (await advance()) if (signal.aborted) return
        isFailing = false
      } catch (error) {
        if (signal.aborted) return
        if (!isFailing) logger.warn({ component: 'realtime', err: error }, 'reading the outbox failed')
        isFailing = true
      }
      if (seen === hintsReceived) await pause(isFailing ? pollEveryMs : (afterHintMs[hinted++] ?? pollEveryMs))
      if (seen === hintsReceived) continue
      hinted = 0
      await clock.sleep(gatherMs, { signal }).catch(() => undefined)
    }
  }

  /** Reads what comes after the position. True when there is more at once. */
  async function advance(): Promise<boolean> {
    const page = await poll(position, pageSize)
    if (page.epoch !== epoch || page.head < position) {
      logger.warn({ component: 'realtime', epoch: page.epoch }, 'outbox epoch changed')
      epoch = page.epoch
      position = page.head
      headAtStart = page.head
      recent.restart(position)
      onRestart()
      return false
    }
    for (const event of page.events) {
      recent.add(event)
      position = event.seq
      onEvent(event)
    }
    const isFull = page.through < page.head
    position = Math.max(position, page.through)
    return isFull
  }

  /** Sleeps, or less when a hint comes. */
  function pause(ms: number): Promise<void> {
    const woken = new AbortController()
    wake = () => woken.abort()
    const either = AbortSignal.any([signal, woken.signal])
    return clock.sleep(ms, { signal: either }).catch(() => undefined)
  }

  return {
    get epoch() {
      return epoch
    },
    get position() {
      return position
    },
    get head() {
      return Math.max(position, headAtStart)
    },
    recent,
    ready() {
      starting ??= start().catch((error: unknown) => {
        starting = undefined
        throw error
      })
      return starting
    },
    read: ({ after, topics, claims, limit }) =>
      takeTurn(async () => {
        return toOutboxPage(await callable(database, eventPoll)({ after, limit, topics }, { signal, claims }), limit)
      }),
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await starting?.catch(() => undefined)
      await running
      await hints?.[Symbol.asyncDispose]()
    },
  }
}

/** Lets so many pieces of work run at once; the others wait in line. */
function createTurns(atOnce: number) {
  const waiting: (() => void)[] = []
  let free = atOnce
  return async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
