import type { CoreError } from '@core/foundation'
import type { EventData, EventType, Topic } from '../contract/topic.ts'
import type { ResyncReason } from './frame.ts'

/** An event, once and in order. */
export interface RealtimeEvent<Name extends Topic = Topic> {
  readonly kind: 'event'
  readonly topic: Name
  /** Whose event it is; null: everybody's. */
  readonly project: string | null
  readonly epoch: string
  readonly seq: number
  /** RFC 3339. */
  readonly at: string
  readonly type: EventType<Name>
  readonly data: EventData<Name>
}

/** What came before is not followed by what comes next: read the present state over REST. */
export interface RealtimeResync {
  readonly kind: 'resync'
  readonly reason: ResyncReason
  readonly epoch: string
  readonly seq: number
}

export type RealtimeItem<Name extends Topic = Topic> = RealtimeEvent<Name> | RealtimeResync

/** The position of a subscription; keep it to continue another day. */
export interface Cursor {
  readonly seq: number
  readonly epoch?: string | undefined
}

/** An item as it came over the line. Its data is what the contract of the topic says. */
export type RawItem = RealtimeResync | (Omit<RealtimeEvent, 'type' | 'data'> & { type: string; data: unknown })

/** One subscription on the side of the client: it drops what it has seen and holds what its reader has not fetched. */
export interface Channel {
  readonly topic: Topic
  cursor(): Cursor | undefined
  /** The server has sent where the stream begins. A first beginning sets the cursor; a later one must not move it. */
  begin(start: Cursor): void
  /** Takes an item in. False where there is no room: the line must bring it again. */
  accept(item: RawItem): boolean
  /** Resolves when at least half of the room is free. */
  room(): Promise<void>
  fail(error: CoreError): void
  end(): void
  readonly isEnded: boolean
  /** The next item; undefined at the end. Rejects as `fail` said. */
  next(): Promise<RawItem | undefined>
}

const capacity = 1000

export function createChannel(topic: Topic, since: Cursor | undefined): Channel {
  const items: RawItem[] = []
  let cursor = since
  let failure: CoreError | undefined
  let isEnded = false
  let wakeReader: () => void = () => {}
  let wakeWriter: () => void = () => {}

  return {
    topic,
    cursor: () => cursor,
    get isEnded() {
      return isEnded
    },
    begin(start) {
      cursor = { seq: cursor?.seq ?? start.seq, epoch: cursor?.epoch ?? start.epoch }
    },
    accept(item) {
      if (isEnded) return true
      const isSeen = item.kind === 'event' && cursor !== undefined && item.seq <= cursor.seq
      if (isSeen && (cursor?.epoch === undefined || cursor.epoch === item.epoch)) return true
      if (items.length >= capacity) return false
      cursor = { seq: item.seq, epoch: item.epoch }
      items.push(item)
      wakeReader()
      return true
    },
    async room() {
      while (items.length > capacity / 2 && !isEnded) await new Promise<void>((resolve) => (wakeWriter = resolve))
    },
    fail(error) {
      failure ??= error
      isEnded = true
      wakeReader()
      wakeWriter()
    },
    end() {
      isEnded = true
      items.length = 0
      wakeReader()
      wakeWriter()
    },
    async next() {
      while (items.length === 0 && !isEnded) await new Promise<void>((resolve) => (wakeReader = resolve))
      const item = items.shift()
      if (items.length <= capacity / 2) wakeWriter()
      if (item === undefined && failure !== undefined) throw failure
      return item
    },
  }
}
