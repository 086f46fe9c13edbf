import { z } from 'zod'
import { pageOf, projectField, replayedField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'
import { topicNames } from '../contract/topic.ts'

const nameField = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/)
  .describe('1 to 50 lowercase letters, digits, _ and -, beginning with a letter')
const urlField = z
  .url()
  .max(2000)
  .describe('An https address on port 443 that is reachable from the internet, without a user or password')
const topicField = z.enum(topicNames)

const webhookFields = {
  name: z.string().describe('The name of the webhook within its project'),
  project: z.string().describe('Whose events it receives'),
  url: z.string().describe('Where they are sent'),
  status: z.enum(['active', 'disabled']).describe('A disabled webhook receives nothing until it is enabled'),
  disabledReason: z.string().nullable().describe('Why Core disabled it; null where a person did, or it is active'),
  createdAt: timestampField,
  createdBy: z.string().describe('Who created it'),
  updatedAt: timestampField,
  updatedBy: z.string().describe('Who changed it last'),
  overlapEndsAt: timestampField.nullable().describe('Until when the secret before the present one signs as well'),
  topics: z
    .array(
      z.object({
        topic: z.string().describe('A topic it receives'),
        after: z.int().describe('The sequence number up to which events have been delivered'),
        delivered: z.int().describe('How many events were delivered in all'),
        deliveredAt: timestampField.nullable().describe('When the latest was delivered'),
        failures: z.int().describe('Failed attempts in a row'),
        failingSince: timestampField.nullable().describe('When the first of them was'),
        nextAttemptAt: timestampField.nullable().describe('When the next attempt is due; null where none has failed'),
        lastStatus: z.int().nullable().describe('The HTTP status of the latest attempt; null without an answer'),
        lastError: z.string().nullable().describe('Why the latest attempt failed'),
      }),
    )
    .describe('How far each topic has been delivered'),
}
const webhookSchema = z.object(webhookFields).meta({ id: 'Webhook' })
const secretField = z.string().nullable().describe('What signs the deliveries, this once. null: it was shown before')
const webhookWithSecret = z.object({ secret: secretField, ...webhookFields }).meta({ id: 'WebhookWithSecret' })
const rotatedWebhook = z
  .object({ secret: secretField, ...webhookFields, replayed: replayedField })
  .meta({ id: 'RotatedWebhook' })

const secretExample = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='
const example = {
  name: 'billing',
  project: 'smart_layer',
  url: 'https://billing.example/hooks/core',
  status: 'active',
  disabledReason: null,
  createdAt: '2026-11-20T09:30:00+00:00',
  createdBy: 'owner',
  updatedAt: '2026-11-20T09:30:00+00:00',
  updatedBy: 'owner',
  overlapEndsAt: null,
  topics: [
    {
      topic: 'ledger.alert',
      after: 41,
      delivered: 3,
      deliveredAt: '2026-11-20T09:35:00+00:00',
      failures: 0,
      failingSince: null,
      nextAttemptAt: null,
      lastStatus: 204,
      lastError: null,
    },
  ],
}

const ofProject = z.strictObject({ project: projectField })
const byName = z.strictObject({ project: projectField, name: nameField })
const path = '/v1/projects/{project}/webhooks/{name}'
const shared = { noun: 'webhooks', auth: 'webhook:write' } as const

export const listWebhooks = defineRoute({
  ...shared,
  operation: 'listWebhooks',
  method: 'GET',
  path: '/v1/projects/{project}/webhooks',
  summary: 'The webhooks of a project; there are at most 20',
  idempotencyKey: 'none',
  input: { ...noInput, params: ofProject },
  outputs: { 200: pageOf(webhookSchema) },
  problems: [],
  examples: [
    {
      title: 'One webhook',
      params: { project: 'current' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const getWebhook = defineRoute({
  ...shared,
  operation: 'getWebhook',
  method: 'GET',
  path,
  summary: 'One webhook, and how far each of its topics has been delivered',
  idempotencyKey: 'none',
  input: { ...noInput, params: byName },
  outputs: { 200: webhookSchema },
  problems: [],
  examples: [
    { title: 'A webhook', params: { project: 'smart_layer', name: 'billing' }, status: 200, response: example },
  ],
})

export const putWebhook = defineRoute({
  ...shared,
  operation: 'putWebhook',
  method: 'PUT',
  path,
  summary: 'Create a webhook, or set its address and topics',
  description:
    'Every event of a topic is sent as a POST, at least once and in order, and signed as Standard Webhooks describes. The secret is shown when the webhook is created. A topic that is added begins with the next event.',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: byName,
    body: z.strictObject({
      url: urlField,
      topics: z.array(topicField).min(1).max(20).describe('The topics to receive, each of which needs its own scope'),
      enabled: z.boolean().default(true).describe('false keeps the webhook without sending; true sends what waits'),
    }),
  },
  location: '/v1/projects/{project}/webhooks/{name}',
  outputs: { 200: webhookWithSecret, 201: webhookWithSecret },
  problems: ['conflict'],
  examples: [
    {
      title: 'Alerts of budgets',
      params: { project: 'smart_layer', name: 'billing' },
      body: { url: 'https://billing.example/hooks/core', topics: ['ledger.alert'] },
      status: 201,
      response: { secret: secretExample, ...example },
    },
  ],
})

export const removeWebhook = defineRoute({
  ...shared,
  operation: 'removeWebhook',
  method: 'DELETE',
  path,
  summary: 'Remove a webhook',
  idempotencyKey: 'none',
  input: { ...noInput, params: byName },
  outputs: { 200: webhookSchema },
  problems: [],
  examples: [
    { title: 'As it was', params: { project: 'smart_layer', name: 'billing' }, status: 200, response: example },
  ],
})

export const rotateWebhookSecret = defineRoute({
  ...shared,
  operation: 'rotateWebhookSecret',
  method: 'POST',
  path: `${path}/rotate`,
  summary: 'Replace the secret of a webhook; both sign until the overlap ends',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byName,
    body: z.strictObject({
      overlapSeconds: z
        .int()
        .min(0)
        .max(2_592_000)
        .default(86_400)
        .describe('How long the old secret still signs, 0 to 2592000 (30 days)'),
    }),
  },
  outputs: { 200: rotatedWebhook },
  problems: [],
  examples: [
    {
      title: 'A new secret',
      params: { project: 'smart_layer', name: 'billing' },
      body: {},
      status: 200,
      response: { secret: secretExample, ...example, overlapEndsAt: '2026-11-21T09:30:00+00:00', replayed: false },
    },
  ],
})

export const replayWebhook = defineRoute({
  ...shared,
  operation: 'replayWebhook',
  method: 'POST',
  path: `${path}/replay`,
  summary: 'Send the events after a sequence number again',
  description: 'A disabled webhook is enabled. Events are kept for seven days.',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byName,
    body: z.strictObject({
      after: z.int().min(0).describe('Events after this sequence number are sent; the seq of an event, or 0'),
      topics: z.array(topicField).min(1).max(20).optional().describe('Only these. Default: all topics of the webhook'),
    }),
  },
  outputs: { 200: webhookSchema.extend({ replayed: replayedField }).meta({ id: 'ReplayedWebhook' }) },
  problems: ['conflict'],
  examples: [
    {
      title: 'From 41 on',
      params: { project: 'smart_layer', name: 'billing' },
      body: { after: 41 },
      status: 200,
      response: { ...example, replayed: false },
    },
  ],
})

export const testWebhook = defineRoute({
  ...shared,
  operation: 'testWebhook',
  method: 'POST',
  path: `${path}/test`,
  summary: 'Send a signed test event now, and see how the receiver answers',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: { ...noInput, params: byName },
  outputs: {
    200: z
      .object({
        delivered: z.boolean().describe('Whether the receiver answered with a status from 200 to 299'),
        status: z.int().nullable().describe('The HTTP status; null without an answer'),
        error: z.string().nullable().describe('Why it was not delivered'),
        milliseconds: z.int().describe('How long it took'),
      })
      .meta({ id: 'WebhookTest' }),
  },
  problems: [],
  examples: [
    {
      title: 'Received',
      params: { project: 'smart_layer', name: 'billing' },
      status: 200,
      response: { delivered: true, status: 204, error: null, milliseconds: 84 },
    },
  ],
})

export const routes = [
  listWebhooks,
  getWebhook,
  putWebhook,
  removeWebhook,
  rotateWebhookSecret,
  replayWebhook,
  testWebhook,
] as const
