import type { z } from 'zod'
import { topics } from '../nouns.ts'

export type Topic = keyof typeof topics

export const topicNames = Object.keys(topics) as [Topic, ...Topic[]]

export function isTopic(value: unknown): value is Topic {
  return typeof value === 'string' && Object.hasOwn(topics, value)
}

/** The types of a topic's events. */
export type EventType<Name extends Topic> = keyof (typeof topics)[Name]['types'] & string

/** The data of a topic's events. */
export type EventData<
  Name extends Topic,
  Type extends EventType<Name> = EventType<Name>,
> = (typeof topics)[Name]['types'][Type] extends z.ZodType ? z.output<(typeof topics)[Name]['types'][Type]> : never
