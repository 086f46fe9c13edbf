import { type EventFrame, isTopic, type Topic } from '@core/api'
import type { AnswerOf, eventPoll } from '@core/api/functions'
import { isObject } from '@core/foundation'
import { toCamelCase } from '../http/camel-case.ts'

/** An event on its way from the outbox to its subscribers. */
export interface OutboxEvent {
  readonly seq: number
  readonly topic: Topic
  readonly project: string | null
  /** Of events that carry a state: what it is the state of. A newer one replaces it. */
  readonly stateKey: string | null
  readonly type: string
  readonly at: string
  readonly data: Readonly<Record<string, unknown>>
  /** The frame as it leaves, made once for any number of receivers. */
  readonly frame: Buffer
}

/** One answer of event_poll. */
export interface OutboxPage {
  readonly epoch: string
  /** The last event given a number. */
  readonly head: number
  /** Events before this one may have been forgotten. */
  readonly oldest: number
  /** Everything up to here that was asked for is in `events`. */
  readonly through: number
  readonly events: readonly OutboxEvent[]
}

/** Reads an answer of event_poll. Topics this version does not know are left out. */
export function toOutboxPage(
  { epoch, head, oldest, events: rows }: AnswerOf<typeof eventPoll>,
  limit: number,
): OutboxPage {
  const last = rows.at(-1)?.seq ?? 0
  // A page that is not full was read after `head`, and may go beyond it.
  const through = rows.length === limit ? last : Math.max(head, last)
  const events = rows.flatMap(({ seq, topic, project, type, at, state_key: stateKey, data: raw }): OutboxEvent[] => {
    if (!isTopic(topic)) return []
    const shown = toCamelCase(raw)
    if (!isObject(shown)) return []
    const frame: EventFrame = { op: 'event', topic, project, epoch, seq, type, at, data: shown }
    return [{ seq, type, at, topic, project, stateKey, data: shown, frame: Buffer.from(JSON.stringify(frame)) }]
  })
  return { epoch, head, oldest, through, events }
}
