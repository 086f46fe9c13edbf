import { z } from 'zod'
import { objectField, timestampField } from '../contract/field.ts'
import { topicNames } from '../contract/topic.ts'
import { type ResyncReason, resyncReasons } from './resync-reason.ts'

export { type ResyncReason, resyncReasons } from './resync-reason.ts'

// Every frame is one JSON object in one text message; op says which.

const subscriptionId = z
  .string()
  .min(1)
  .max(64)
  .describe('Names a subscription within its connection; chosen by the client')

const sequence = z.int().min(0)
const epoch = z.uuid().describe('Names the life of the database; sequence numbers of another one mean nothing')

export const clientFrameSchema = z
  .discriminatedUnion('op', [
    z
      .strictObject({ op: z.literal('authenticate'), token: z.string().min(1).max(8192) })
      .describe(
        'The first frame of a connection that was opened without an Authorization header; with one it may be left out',
      ),
    z
      .strictObject({
        op: z.literal('subscribe'),
        id: subscriptionId,
        topic: z.enum(topicNames),
        since: sequence
          .optional()
          .describe('The last seq that was seen: what follows it is replayed. Left out: from now on'),
        epoch: epoch.optional().describe('The epoch that seq belongs to'),
        project: z
          .string()
          .max(48)
          .optional()
          .describe('Only this project; for the owner, who hears all of them, and for a person with several'),
      })
      .describe('Hear a topic. One subscription per topic and connection'),
    z.strictObject({ op: z.literal('unsubscribe'), id: subscriptionId }).describe('Hear no more of it'),
    z
      .strictObject({ op: z.literal('ping') })
      .describe('Answered with pong; for clients that see no pings of the protocol'),
  ])
  .meta({ id: 'RealtimeClientFrame', description: 'What a client sends over /v1/realtime' })
export type ClientFrame = z.output<typeof clientFrameSchema>

export const eventFrameSchema = z
  .object({
    op: z.literal('event'),
    topic: z.enum(topicNames),
    project: z.string().nullable().describe('Whose event it is; null: everybody’s'),
    epoch,
    seq: z.int().min(1).describe('Grows from event to event, with gaps; keep the last one for since'),
    at: timestampField,
    type: z.string().describe('What happened, within the topic'),
    data: objectField,
  })
  .meta({ id: 'RealtimeEvent', description: 'An event' })
export type EventFrame = z.output<typeof eventFrameSchema>

export const serverFrameSchema = z
  .discriminatedUnion('op', [
    z
      .object({
        op: z.literal('welcome'),
        subject: z.string(),
        project: z.string().nullable().describe('null: the owner'),
        epoch,
        seq: sequence.describe('Where the events end at present'),
      })
      .describe('The credential is accepted; the first frame of the server'),
    z
      .object({ op: z.literal('subscribed'), id: subscriptionId, topic: z.enum(topicNames), epoch, seq: sequence })
      .describe('Every event of the topic after seq will come, in order, each once'),
    eventFrameSchema,
    z
      .object({
        op: z.literal('resync'),
        id: subscriptionId,
        topic: z.enum(topicNames),
        epoch,
        seq: sequence,
        reason: z.enum(Object.keys(resyncReasons) as [ResyncReason, ...ResyncReason[]]),
      })
      .describe('In place of subscribed: since is void. Read the present state over REST; events after seq will come'),
    z.object({ op: z.literal('unsubscribed'), id: subscriptionId }).describe('The answer to unsubscribe'),
    z.object({ op: z.literal('pong') }).describe('The answer to ping'),
    z
      .object({
        op: z.literal('error'),
        id: z.string().optional().describe('The subscription that was refused'),
        code: z.enum(['invalid', 'forbidden', 'not_found', 'conflict', 'unavailable']),
        detail: z.string(),
      })
      .describe('A frame was refused. The connection stays open'),
    z
      .object({
        op: z.literal('bye'),
        code: z.int().describe('The close code that follows'),
        reason: z.string(),
        retryAfterMs: z.int().min(0).nullable().describe('When to come back; null: not with this credential'),
      })
      .describe('The last frame before the server closes'),
  ])
  .meta({ id: 'RealtimeServerFrame', description: 'What the server sends over /v1/realtime' })
export type ServerFrame = z.output<typeof serverFrameSchema>

/** Close codes of the server, beside those of the protocol (1009: a message was too large). */
export const closeCodes = {
  1012: 'The server shuts down, or the roles of the person have changed. Come back after retryAfterMs; since loses nothing',
  1013: 'The client reads too slowly, or the server cannot serve it now. Come back; since loses nothing',
  4401: 'The credential is missing, unknown, expired or revoked',
  4403: 'The credential lacks event:read',
  4429: 'Too many connections, subscriptions or frames of this credential',
} as const
export type CloseCode = keyof typeof closeCodes
