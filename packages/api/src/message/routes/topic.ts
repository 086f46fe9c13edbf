import { z } from 'zod'
import { timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { params, topicField } from '../message-fields.ts'

const topic = {
  owner: z.string().describe('The project whose topic it is'),
  topic: z.string().describe('The name of the topic'),
}
const subscription = z.object({ ...topic, since: timestampField }).meta({ id: 'Subscription' })
const example = { owner: 'painter', topic: 'news' }

export const listSubscriptions = defineRoute({
  operation: 'listSubscriptions',
  method: 'GET',
  path: '/v1/projects/{project}/subscriptions',
  noun: 'messages',
  summary: 'The topics to which the project is subscribed',
  auth: 'message:receive',
  idempotencyKey: 'none',
  input: { ...noInput, params },
  outputs: {
    200: z
      .object({ topics: z.array(subscription).describe('By owner and name, at most 1000') })
      .meta({ id: 'Subscriptions' }),
  },
  problems: [],
  examples: [
    {
      title: 'One topic',
      params: { project: 'current' },
      status: 200,
      response: { topics: [{ ...example, since: '2026-11-20T09:30:00+00:00' }] },
    },
  ],
})

export const subscribeTopic = defineRoute({
  operation: 'subscribeTopic',
  method: 'PUT',
  path: '/v1/projects/{project}/subscriptions',
  noun: 'messages',
  summary: 'Subscribe the project to a topic',
  description:
    'What is published from then on arrives in the inbox. A topic of another project has to be shared (kind topic, right read).',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, body: z.strictObject({ topic: topicField }) },
  outputs: { 200: subscription },
  problems: ['bound_reached'],
  examples: [
    {
      title: 'The news of another project',
      params: { project: 'current' },
      body: { topic: 'topic:painter/news' },
      status: 200,
      response: { ...example, since: '2026-11-20T09:30:00+00:00' },
    },
  ],
})

export const unsubscribeTopic = defineRoute({
  operation: 'unsubscribeTopic',
  method: 'DELETE',
  path: '/v1/projects/{project}/subscriptions',
  noun: 'messages',
  summary: 'End a subscription; one that is not there is answered alike',
  auth: 'message:receive',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, query: z.strictObject({ topic: topicField }) },
  outputs: {
    200: z
      .object({ ...topic, removed: z.boolean().describe('false: there was none') })
      .meta({ id: 'EndedSubscription' }),
  },
  problems: [],
  examples: [
    {
      title: 'Ended',
      params: { project: 'current' },
      query: { topic: 'topic:painter/news' },
      status: 200,
      response: { ...example, removed: true },
    },
  ],
})
