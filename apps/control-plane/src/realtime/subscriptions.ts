import type { ResyncReason, Topic } from '@core/api'
import type { MemberClaims } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { createEventFeed, type EventFeed, type EventFeedDependencies } from './event-feed.ts'
import type { OutboxEvent } from './outbox-event.ts'

export interface Subscriber {
  readonly topics: readonly Topic[]
  /** Only this project's events and common ones; undefined: of all projects. */
  readonly project: string | undefined
  /** What bounds its reads of the past; undefined for the owner without a project. */
  readonly claims: MemberClaims | undefined
  /** The last event it has seen; undefined: from now on. */
  readonly since: number | undefined
  /** Where `since` comes from, if it says so. */
  readonly epoch: string | undefined
  /** Called before the first event, and again whenever what follows does not join what came before. */
  readonly onStart: (seq: number, resync: ResyncReason | undefined) => void
  readonly onEvent: (event: OutboxEvent) => void
  /** The past could not be read. The subscription is gone. */
  readonly onFailure: (error: unknown) => void
  /** Whether so much waits for the client that the past must wait, too. */
  readonly isFull: () => boolean
}

export interface Subscriptions extends AsyncDisposable {
  readonly feed: EventFeed
  /** Every event of the topics after the start, in order, each once. Only when the feed is ready. */
  add(subscriber: Subscriber): Disposable
  /** Whether a topic has subscribers. */
  has(topic: Topic): boolean
}

interface Entry {
  readonly subscriber: Subscriber
  /** The last event seen, or passed over because it was another's. */
  cursor: number
  /** Live ones are handed each event as it comes; the others are still reading the past. */
  isLive: boolean
  isGone: boolean
  /** The epoch changed while it was reading the past. */
  isVoid: boolean
}

const pageSize = 200
const fullPauseMs = 50
const everyProject = '*'

export function createSubscriptions(
  dependencies: EventFeedDependencies & { readonly onEvent?: (event: OutboxEvent) => void; readonly clock?: Clock },
): Subscriptions {
  const { clock = systemClock, logger, onEvent = () => {} } = dependencies
  const byTopic = new Map<Topic, Map<string, Set<Entry>>>()
  const feed = createEventFeed(dependencies, {
    onEvent(event) {
      onEvent(event)
      for (const entry of subscribersOf(event)) {
        if (!entry.isLive || event.seq <= entry.cursor) continue
        entry.cursor = event.seq
        deliver(entry, event, logger)
      }
    },
    onRestart() {
      const entries = new Set(
        [...byTopic.values()].flatMap((byProject) => [...byProject.values()].flatMap((set) => [...set])),
      )
      for (const entry of entries) {
        if (entry.isLive) resync(entry, 'epoch')
        else entry.isVoid = true
      }
    },
  })

  function* subscribersOf({ topic, project }: OutboxEvent): Iterable<Entry> {
    const byProject = byTopic.get(topic)
    if (byProject === undefined) return
    if (project === null) for (const entries of byProject.values()) yield* entries
    else {
      yield* byProject.get(project) ?? []
      yield* byProject.get(everyProject) ?? []
    }
  }

  function resync(entry: Entry, reason: ResyncReason): void {
    entry.cursor = feed.head
    entry.isLive = true
    entry.subscriber.onStart(entry.cursor, reason)
  }

  /** Reads the past page by page until it meets the present. */
  async function catchUp(entry: Entry): Promise<void> {
    const { topics, claims, onStart, onEvent } = entry.subscriber
    let isStarted = false
    const start = () => {
      if (!isStarted) onStart(entry.cursor, undefined)
      isStarted = true
    }
    while (!entry.isGone) {
      if (entry.isVoid) return resync(entry, 'epoch')
      if (feed.recent.covers(entry.cursor) && entry.cursor <= feed.position) {
        start()
        if (replayRecent(entry)) return
      } else {
        const page = await feed.read({ after: entry.cursor, topics, claims, limit: pageSize })
        if (entry.isGone) return
        if (page.epoch !== feed.epoch || page.head < entry.cursor) return resync(entry, 'epoch')
        if (entry.cursor < page.oldest - 1) return resync(entry, 'trimmed')
        start()
        for (const event of page.events) {
          await untilRoom(entry)
          if (entry.isGone) return
          if (entry.isVoid) return resync(entry, 'epoch')
          onEvent(event)
          entry.cursor = event.seq
        }
        entry.cursor = page.through
        // In one turn with the comparison, so that no event comes between.
        entry.isLive = page.through >= page.head && page.through >= feed.position
        if (entry.isLive) return
      }
      await untilRoom(entry)
    }
  }

  /** A replay goes only as fast as its client reads; a client that does not read is cut off by its connection. */
  async function untilRoom(entry: Entry): Promise<void> {
    while (entry.subscriber.isFull() && !entry.isGone) await clock.sleep(fullPauseMs, { unref: true })
  }

  /** A page from memory. True when the entry has gone live. */
  function replayRecent(entry: Entry): boolean {
    const { topics, project, onEvent, isFull } = entry.subscriber
    let count = 0
    for (const event of feed.recent.after(entry.cursor)) {
      if (count === pageSize || isFull()) return false
      entry.cursor = event.seq
      if (!topics.includes(event.topic)) continue
      if (project !== undefined && event.project !== null && event.project !== project) continue
      onEvent(event)
      count++
    }
    entry.cursor = feed.position
    entry.isLive = true
    return true
  }

  return {
    feed,
    has: (topic) => byTopic.has(topic),
    add(subscriber) {
      const { topics, project = everyProject, since, epoch } = subscriber
      const entry: Entry = { subscriber, cursor: since ?? feed.head, isLive: false, isGone: false, isVoid: false }
      for (const topic of topics) {
        const byProject = byTopic.get(topic) ?? new Map<string, Set<Entry>>()
        byTopic.set(topic, byProject)
        byProject.set(project, (byProject.get(project) ?? new Set()).add(entry))
      }
      if (epoch !== undefined && epoch !== feed.epoch) resync(entry, 'epoch')
      else if (since === undefined) {
        entry.isLive = true
        subscriber.onStart(entry.cursor, undefined)
      } else void begin(entry)
      return { [Symbol.dispose]: () => remove(entry) }
    },
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  }

  async function begin(entry: Entry): Promise<void> {
    try {
      await catchUp(entry)
    } catch (error) {
      if (entry.isGone) return
      remove(entry)
      entry.subscriber.onFailure(error)
    }
  }

  function remove(entry: Entry): void {
    entry.isGone = true
    const { topics, project = everyProject } = entry.subscriber
    for (const topic of topics) {
      const byProject = byTopic.get(topic)
      const entries = byProject?.get(project)
      entries?.delete(entry)
      if (entries?.size === 0) byProject?.delete(project)
      if (byProject?.size === 0) byTopic.delete(topic)
    }
  }
}

/** One client's trouble must not keep the event from the others. */
function deliver({ subscriber }: Entry, event: OutboxEvent, logger: Logger): void {
  try {
    subscriber.onEvent(event)
  } catch (error) {
    logger.error({ component: 'realtime', err: error }, 'an event could not be delivered')
  }
}
