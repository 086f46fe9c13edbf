import { z } from 'zod'
import { projectField, timestampField, waitSeconds } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import {
  deliveryField,
  exampleDelivery,
  exampleMessage,
  fenceField,
  heldField,
  lostField,
  message,
  params,
  visibleSeconds,
} from '../message-fields.ts'

const held = [{ delivery: exampleDelivery, fence: 42 }]

export const receiveMessages = defineRoute({
  operation: 'receiveMessages',
  method: 'POST',
  path: '/v1/projects/{project}/inbox/receive',
  noun: 'messages',
  summary: 'Receive the messages that come first; an empty inbox is an empty list',
  description:
    'With waitSeconds, an empty inbox is answered when something arrives, or after that time. Processes of a project compete: each message goes to one of them, which holds it under a fence. Acknowledge it when it is done; what is not acknowledged in its time is received again.',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params,
    body: z.strictObject({
      limit: z.int().min(1).max(1000).default(10).describe('At most so many, 1 to 1000'),
      visibleSeconds,
      waitSeconds,
      holder: z
        .string()
        .regex(/^[\x21-\x7e]{1,200}$/)
        .optional()
        .describe('Who receives, for people: 1 to 200 printable ASCII characters without spaces'),
    }),
  },
  outputs: {
    200: z
      .object({
        messages: z
          .array(
            z
              .object({
                ...message,
                delivery: deliveryField,
                attempt: z.int().describe('1 at the first time'),
                maxAttempts: z.int().describe('After so many it is a dead letter'),
                fence: z.int().describe('Acknowledgements carry it'),
                leasedUntil: timestampField.describe('When another process receives it'),
              })
              .meta({ id: 'ReceivedMessage' }),
          )
          .describe('Those that come first'),
      })
      .meta({ id: 'ReceivedMessages' }),
  },
  problems: [],
  examples: [
    {
      title: 'One message',
      params: { project: 'current' },
      body: { limit: 1 },
      status: 200,
      response: {
        messages: [
          {
            ...exampleMessage,
            delivery: exampleDelivery,
            attempt: 1,
            maxAttempts: 5,
            fence: 42,
            leasedUntil: '2026-11-20T09:30:30+00:00',
          },
        ],
      },
    },
  ],
})

export const ackMessages = defineRoute({
  operation: 'ackMessages',
  method: 'POST',
  path: '/v1/projects/{project}/inbox/ack',
  noun: 'messages',
  summary: 'Acknowledge messages: they are done',
  description: 'The same acknowledgement again is answered as the first time.',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, body: z.strictObject({ deliveries: heldField }) },
  outputs: {
    200: z
      .object({ acked: z.int().describe('How many are acknowledged'), lost: lostField })
      .meta({ id: 'AckedMessages' }),
  },
  problems: [],
  examples: [
    {
      title: 'Done',
      params: { project: 'current' },
      body: { deliveries: held },
      status: 200,
      response: { acked: 1, lost: [] },
    },
  ],
})

export const extendMessages = defineRoute({
  operation: 'extendMessages',
  method: 'POST',
  path: '/v1/projects/{project}/inbox/extend',
  noun: 'messages',
  summary: 'Hold messages for longer',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, body: z.strictObject({ deliveries: heldField, visibleSeconds }) },
  outputs: {
    200: z.object({ held: z.int().describe('How many are held'), lost: lostField }).meta({ id: 'ExtendedMessages' }),
  },
  problems: [],
  examples: [
    {
      title: 'A minute more',
      params: { project: 'current' },
      body: { deliveries: held, visibleSeconds: 60 },
      status: 200,
      response: { held: 1, lost: [] },
    },
  ],
})

export const nackMessage = defineRoute({
  operation: 'nackMessage',
  method: 'POST',
  path: '/v1/projects/{project}/inbox/nack',
  noun: 'messages',
  summary: 'Give a message back, or make it a dead letter',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params,
    body: z.strictObject({
      delivery: deliveryField,
      fence: fenceField,
      error: z.string().min(1).max(10_000).optional().describe('What went wrong, for people: 1 to 10000 characters'),
      outcome: z
        .enum(['retry', 'dead', 'release'])
        .default('retry')
        .describe('dead: a dead letter at once; release: received again at once, and the attempt is not counted'),
      delayMs: z.int().min(0).max(2_592_000_000).optional().describe('Left out: a pause that doubles, up to an hour'),
    }),
  },
  outputs: {
    200: z
      .object({ delivery: deliveryField, status: z.enum(['ready', 'delayed', 'dead']).describe('What it is now') })
      .meta({ id: 'NackedMessage' }),
  },
  problems: ['message_stale'],
  examples: [
    {
      title: 'Tried again later',
      params: { project: 'current' },
      body: { delivery: exampleDelivery, fence: 42, error: 'the model is away' },
      status: 200,
      response: { delivery: exampleDelivery, status: 'delayed' },
    },
  ],
})

export const retryMessage = defineRoute({
  operation: 'retryMessage',
  method: 'PUT',
  path: '/v1/projects/{project}/inbox/{id}/retry',
  noun: 'messages',
  summary: 'Open a dead letter again, with all its attempts',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, id: z.uuid().describe('The id of a delivery') }),
  },
  outputs: {
    200: z
      .object({ delivery: deliveryField, retried: z.boolean().describe('false: it was not dead') })
      .meta({ id: 'RetriedMessage' }),
  },
  problems: [],
  examples: [
    {
      title: 'Open again',
      params: { project: 'current', id: exampleDelivery },
      status: 200,
      response: { delivery: exampleDelivery, retried: true },
    },
  ],
})

export const getInbox = defineRoute({
  operation: 'getInbox',
  method: 'GET',
  path: '/v1/projects/{project}/inbox',
  noun: 'messages',
  summary: 'How much is in the inbox',
  auth: 'message:receive',
  idempotencyKey: 'none',
  input: { ...noInput, params },
  outputs: {
    200: z
      .object({
        ready: z.int().describe('May be received'),
        delayed: z.int().describe('Given back, to be received later'),
        waiting: z.int().describe('Ordered ones behind an earlier one'),
        leased: z.int().describe('Held by a process'),
        dead: z.int().describe('Dead letters, at most 100000'),
        oldestAt: timestampField.nullable().describe('Since when the oldest one that is ready waits; null: none is'),
        countedAt: timestampField,
      })
      .meta({ id: 'Inbox' }),
  },
  problems: [],
  examples: [
    {
      title: 'One message',
      params: { project: 'current' },
      status: 200,
      response: {
        ready: 1,
        delayed: 0,
        waiting: 0,
        leased: 0,
        dead: 0,
        oldestAt: '2026-11-20T09:30:00+00:00',
        countedAt: '2026-11-20T09:30:01+00:00',
      },
    },
  ],
})
