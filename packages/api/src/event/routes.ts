import { z } from 'zod'
import { projectField, queryInteger } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'
import { topicNames } from '../contract/topic.ts'

export const connectRealtime = defineRoute({
  operation: 'connectRealtime',
  method: 'GET',
  path: '/v1/realtime',
  noun: 'realtime',
  summary: 'Hear of events as they happen, over a WebSocket',
  description:
    'Send the key as Authorization: Bearer or, where headers cannot be set, as the first frame {"op":"authenticate","token":"ck_…"}; never in the address. Then subscribe to topics. Each event has a seq; subscribe again with since after a break and nothing is lost or doubled. Frames, topics and close codes: docs/reference/realtime.md. Needs the scope event:read and that of the topic.',
  // A browser cannot set the header: who has none says who it is in its first frame, or is sent away with 4401.
  auth: 'public',
  idempotencyKey: 'none',
  input: noInput,
  outputs: { 101: z.undefined() },
  produces: 'websocket',
  problems: ['unauthenticated', 'forbidden', 'upgrade_required', 'unavailable'],
  examples: [],
})

export const streamEvents = defineRoute({
  operation: 'streamEvents',
  method: 'GET',
  path: '/v1/projects/{project}/events',
  noun: 'realtime',
  summary: 'Hear of events as they happen, as server-sent events',
  description:
    'For where a WebSocket does not get through. Each event has the id <epoch>:<seq>; send the last one as Last-Event-ID and nothing is lost or doubled. The event resync says that what follows the id is no longer known; bye says that the stream ends and when to come back. A comment is sent every 20 seconds.',
  auth: 'event:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    query: z.strictObject({
      topics: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(topicNames)).min(1).max(topicNames.length))
        .describe(`One or more of ${topicNames.join(', ')}; separated by commas`),
      since: queryInteger(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('The last seq that was seen, where Last-Event-ID cannot be sent. Left out: from now on'),
    }),
  },
  outputs: { 200: z.string() },
  produces: 'text/event-stream',
  problems: ['rate_limited'],
  examples: [
    {
      title: 'Alerts as they happen',
      params: { project: 'current' },
      query: { topics: 'ledger.alert' },
      status: 200,
      response: ': connected',
    },
  ],
})

/** In the order of the docs. */
export const routes = [connectRealtime, streamEvents] as const
