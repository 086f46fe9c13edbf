import { z } from 'zod'
import {
  accountField,
  nameField,
  numberCursor,
  objectField,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { at, inProject } from '../router-fields.ts'

const callSchema = z
  .object({
    id: z.int().describe('Grows with each call'),
    call: z.string().describe('The id of the request'),
    at: timestampField,
    subject: z.string().describe('Which credential called'),
    account: z.string().describe('What was charged'),
    hold: z.string().nullable().describe('Its hold'),
    operation: z.string().describe('chat, responses, messages, embeddings or transcription'),
    route: z.string().describe('The model that was asked for'),
    target: z.string().nullable().describe('What answered, as provider/model'),
    model: z.string().nullable().describe('The model that answered'),
    user: z.string().nullable().describe('The end user that the request named'),
    tags: z.array(z.string()).describe('Its tags'),
    status: z.int().describe('Of the answer'),
    usage: objectField.describe('Units that were counted'),
    charged: z.int().describe('Whole micro-credits'),
    flags: z
      .array(z.string())
      .describe('cached, estimated, fallback, hedged, client_gone, broken, uncollected, unsettled, crashed'),
    attempts: z.int().describe('Targets that were asked; 0 where the cache answered'),
    firstOutputMs: z.int().nullable().describe('Until the first output of a stream'),
    totalMs: z.int().describe('Until the answer was settled'),
  })
  .meta({ id: 'ModelCall' })

export const listModelCalls = defineRoute({
  operation: 'listModelCalls',
  method: 'GET',
  path: '/v1/projects/{project}/calls',
  noun: 'models',
  summary: 'Model calls, newest first',
  description:
    'Rows are written a moment after a call, dropped before they slow calls down, and kept for CORE_ROUTER_CALL_DAYS (30). What was charged is in the history of the account. With a filter a call looks at 10,000 rows at most, so a page may be short, or empty, and have a next one.',
  auth: 'model:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: inProject,
    query: z.strictObject({
      ...pageFields(numberCursor(0)),
      route: z.string().min(1).max(200).optional().describe('Of this route'),
      target: z.string().min(1).max(300).optional().describe('That this target answered'),
      user: z.string().min(1).max(500).optional().describe('For this end user'),
      account: accountField.optional(),
      flag: z.string().min(1).max(50).optional().describe('With this flag'),
    }),
  },
  outputs: { 200: pageOf(callSchema) },
  problems: [],
  examples: [
    {
      title: 'One call',
      params: { project: 'current' },
      query: { route: 'fast' },
      status: 200,
      response: {
        data: [
          {
            id: 71,
            call: 'req_01999f6e-0000-7000-8000-000000000009',
            at,
            subject: 'key:01999f6e-0000-7000-8000-000000000001',
            account: 'smart_layer',
            hold: '01999f6e-0000-7000-8000-000000000002',
            operation: 'chat',
            route: 'fast',
            target: 'openai/gpt-5-mini',
            model: 'gpt-5-mini',
            user: null,
            tags: ['batch'],
            status: 200,
            usage: { input: 212, output: 340, requests: 1 },
            charged: 733,
            flags: [],
            attempts: 1,
            firstOutputMs: 410,
            totalMs: 2_104,
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const getModelCallContent = defineRoute({
  operation: 'getModelCallContent',
  method: 'GET',
  path: '/v1/projects/{project}/calls/{call}/content',
  noun: 'models',
  summary: 'What a model call asked and answered',
  description:
    'Kept for seven days where the route has log: content. Without what looks like a key, token or password, and without images and recordings; each at most 32,768 characters.',
  auth: 'model:content',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, call: nameField(200).describe('The id of the request') }),
  },
  outputs: {
    200: z
      .object({
        call: z.string().describe('The id of the request'),
        at: timestampField,
        request: z.string().describe('The body as it came; empty where it was a recording'),
        answer: z.string().describe('The body of the answer; of a stream its output in one piece'),
        isCut: z.boolean().describe('true: one of them was longer, and its rest is not kept'),
      })
      .meta({ id: 'ModelCallContent' }),
  },
  problems: ['not_found', 'conflict'],
  examples: [
    {
      title: 'A chat',
      params: { project: 'current', call: 'req_01999f6e-0000-7000-8000-000000000009' },
      status: 200,
      response: {
        call: 'req_01999f6e-0000-7000-8000-000000000009',
        at,
        request: '{"model":"fast","messages":[{"role":"user","content":"What is a hold?"}]}',
        answer: 'Credits that are set aside.',
        isCut: false,
      },
    },
  ],
})
