import { z } from 'zod'
import { pageFields, pageOf, queryInteger, replayedField, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import {
  addresseeField,
  delivery,
  deliveryField,
  exampleDelivery,
  exampleId,
  exampleMessage,
  message,
  messageSchema,
  one,
  params,
  payloadField,
  priorityField,
  typeField,
} from '../message-fields.ts'

const exampleOpen = {
  delivery: exampleDelivery,
  recipient: 'manus_origin',
  status: 'ready',
  reason: null,
  attempt: 0,
  maxAttempts: 5,
  error: null,
  holder: null,
  leasedUntil: null,
  endedAt: null,
} as const

export const sendMessage = defineRoute({
  operation: 'sendMessage',
  method: 'POST',
  path: '/v1/projects/{project}/messages',
  noun: 'messages',
  summary: 'Send a message to a project, to the subscribers of a topic, or to every other project',
  description:
    'Sent again with its Idempotency-Key, it is there once. Of several recipients those with a full inbox are skipped and counted.',
  auth: 'message:send',
  idempotencyKey: 'required',
  isTraffic: true,
  input: {
    ...noInput,
    params,
    body: z.strictObject({
      to: addresseeField.optional().describe('Left out: the sender of what it replies to'),
      type: typeField,
      payload: payloadField.default({}).describe('Any JSON of at most 64 KB; {} where it is left out'),
      priority: priorityField.default('normal'),
      ttlSeconds: z
        .int()
        .min(1)
        .max(2_592_000)
        .default(604_800)
        .describe('Seconds after which it is a dead letter, and no reply is awaited, 1 to 2592000'),
      replyTo: z.uuid().optional().describe('The message that it answers: one that the project was sent'),
      ordered: z.boolean().default(false).describe('true: after the sender’s earlier ordered ones have ended'),
      awaitReply: z
        .boolean()
        .default(false)
        .describe('true: the first reply is kept to be read with getMessageReply, instead of the inbox'),
      maxAttempts: z.int().min(1).max(100).default(5).describe('After so many it is a dead letter, 1 to 100'),
    }),
  },
  location: '/v1/projects/{project}/messages/{message}',
  outputs: {
    201: z
      .object({
        message: z.uuid().describe('The id of the message'),
        recipients: z.int().describe('How many inboxes it is in'),
        skipped: z.int().describe('How many were full'),
        sentAt: timestampField,
        expiresAt: timestampField.describe('What is not received by then is a dead letter'),
        replayed: replayedField,
      })
      .meta({ id: 'SentMessage' }),
  },
  problems: ['bound_reached', 'reply_given', 'reply_late'],
  examples: [
    {
      title: 'To one project',
      params: { project: 'current' },
      body: { to: 'manus_origin', type: 'credits.low', payload: { left: 3 }, priority: 'high' },
      status: 201,
      response: {
        message: exampleId,
        recipients: 1,
        skipped: 0,
        sentAt: '2026-11-20T09:30:00+00:00',
        expiresAt: '2026-11-27T09:30:00+00:00',
        replayed: false,
      },
    },
  ],
})

export const listMessages = defineRoute({
  operation: 'listMessages',
  method: 'GET',
  path: '/v1/projects/{project}/messages',
  noun: 'messages',
  summary: 'The messages of the project, newest first',
  description: 'A page that is narrowed by type or sibling may be short, or empty, and have a next one.',
  auth: 'message:receive',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params,
    query: z.strictObject({
      box: z
        .enum(['inbox', 'acked', 'dead', 'sent'])
        .default('inbox')
        .describe('inbox: what is open; acked and dead: what has ended; sent: with message:send as well'),
      type: typeField.optional().describe('Only of this type'),
      with: addresseeField.optional().describe('Only from this project; of what was sent, only to it'),
      ...pageFields(z.uuid()),
    }),
  },
  outputs: {
    200: pageOf(
      z
        .object({
          ...message,
          delivery: deliveryField.nullable().describe('The id of the delivery; null: a message that was sent'),
          ...delivery,
        })
        .meta({ id: 'ListedMessage' }),
    ),
  },
  problems: [],
  examples: [
    {
      title: 'The inbox',
      params: { project: 'current' },
      status: 200,
      response: { data: [{ ...exampleMessage, ...exampleOpen }], page: { next: null } },
    },
  ],
})

export const getMessage = defineRoute({
  operation: 'getMessage',
  method: 'GET',
  path: '/v1/projects/{project}/messages/{id}',
  noun: 'messages',
  summary: 'A message that the project sent or was sent, with its deliveries',
  auth: 'message:send',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: {
    200: z
      .object({
        ...message,
        deliveries: z
          .array(
            z
              .object({ delivery: z.uuid().nullable().describe('The id of the delivery'), ...delivery })
              .meta({ id: 'MessageDelivery' }),
          )
          .describe('Its sender sees all of them, at most 1000; a recipient its own'),
      })
      .meta({ id: 'MessageDetails' }),
  },
  problems: [],
  examples: [
    {
      title: 'Not yet received',
      params: { project: 'current', id: exampleId },
      status: 200,
      response: { ...exampleMessage, deliveries: [exampleOpen] },
    },
  ],
})

export const getMessageReply = defineRoute({
  operation: 'getMessageReply',
  method: 'GET',
  path: '/v1/projects/{project}/messages/{id}/reply',
  noun: 'messages',
  summary: 'The reply to a message that awaits one, or why there is none',
  auth: 'message:send',
  idempotencyKey: 'none',
  description:
    'With waitSeconds, a message without a reply is answered when its reply arrives or no reply will come, or after that time.',
  input: {
    ...noInput,
    params: one,
    query: z.object({
      waitSeconds: queryInteger(0, 20).default(0).describe('Seconds to wait while there is no reply, 0 to 20'),
    }),
  },
  outputs: {
    200: z
      .object({
        message: z.uuid().describe('The id of the message that was sent'),
        status: z
          .enum(['waiting', 'replied', 'late', 'dead'])
          .describe('late: its deadline has passed; dead: no reply will come'),
        error: z.string().nullable().describe('What its receiver said; null: nothing'),
        reply: messageSchema.nullable().describe('null: there is none'),
      })
      .meta({ id: 'MessageReply' }),
  },
  problems: [],
  examples: [
    {
      title: 'Not yet',
      params: { project: 'current', id: exampleId },
      status: 200,
      response: { message: exampleId, status: 'waiting', error: null, reply: null },
    },
  ],
})
