import { z } from 'zod'
import { jsonField, timestampField, waitSeconds } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { exampleId, fenceField, nameField, one, ownerQuery, project, statusField } from '../task-fields.ts'

const leaseSeconds = z
  .int()
  .min(3)
  .max(86_400)
  .default(90)
  .describe('Seconds until the claim ends without a beat, 3 to 86400')

const claimed = z.object({
  task: z.uuid().describe('The id of the task'),
  queue: z.string().describe('The queue'),
  kind: z.string().describe('Which handler runs it'),
  payload: z.unknown().describe('What it was enqueued with'),
  attempt: z.int().describe('1 at the first time'),
  maxAttempts: z.int().describe('After so many failures it is dead'),
  fence: z.int().describe('Every further call for the task carries it'),
  leasedUntil: timestampField.describe('When the claim ends unless a beat comes'),
  createdAt: timestampField,
})

const settled = z
  .object({
    task: z.uuid().describe('The id of the task'),
    status: statusField,
    replayed: z.boolean().optional().describe('true: it was reported before'),
  })
  .meta({ id: 'SettledTask' })

export const claimTasks = defineRoute({
  operation: 'claimTasks',
  method: 'POST',
  path: '/v1/projects/{project}/tasks/claim',
  noun: 'tasks',
  summary: 'Claim tasks that are ready; none is an empty list',
  description:
    'With waitSeconds, empty queues are answered when something is ready, or after that time. A claim whose answer is lost ends with its lease. Beat before that, and report what became of each task under its fence.',
  auth: 'task:work',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: project,
    query: ownerQuery,
    body: z.strictObject({
      queues: z.array(nameField).min(1).max(100).describe('Served in this order'),
      worker: z
        .string()
        .regex(/^[\x21-\x7e]{1,200}$/)
        .describe('Who claims, for people: 1 to 200 printable ASCII characters without spaces'),
      waitSeconds,
      limit: z.int().min(1).max(1000).default(1).describe('At most so many, 1 to 1000'),
      leaseSeconds,
      session: z.uuid().optional().describe('Refused when this session has ended'),
    }),
  },
  outputs: {
    200: z.object({ tasks: z.array(claimed).describe('Those that come first') }).meta({ id: 'ClaimedTasks' }),
  },
  problems: ['session_ended'],
  examples: [
    {
      title: 'One task',
      params: { project: 'current' },
      body: { queues: ['index'], worker: 'laptop:4711' },
      status: 200,
      response: {
        tasks: [
          {
            task: exampleId,
            queue: 'index',
            kind: 'doc.index',
            payload: { doc: 7 },
            attempt: 1,
            maxAttempts: 5,
            fence: 42,
            leasedUntil: '2026-11-20T09:31:30+00:00',
            createdAt: '2026-11-20T09:30:00+00:00',
          },
        ],
      },
    },
  ],
})

export const beatTask = defineRoute({
  operation: 'beatTask',
  method: 'POST',
  path: '/v1/projects/{project}/tasks/{id}/beat',
  noun: 'tasks',
  summary: 'Renew the claim of a task',
  auth: 'task:work',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: one,
    query: ownerQuery,
    body: z.strictObject({
      fence: fenceField,
      leaseSeconds,
      progress: jsonField.optional().describe('What to show of it: JSON of at most 4 KB'),
    }),
  },
  outputs: { 200: z.object({ task: z.uuid().describe('The id of the task') }).meta({ id: 'TaskBeat' }) },
  problems: ['task_stale'],
  examples: [
    {
      title: 'A beat',
      params: { project: 'current', id: exampleId },
      body: { fence: 42, progress: { page: 3 } },
      status: 200,
      response: { task: exampleId },
    },
  ],
})

export const completeTask = defineRoute({
  operation: 'completeTask',
  method: 'POST',
  path: '/v1/projects/{project}/tasks/{id}/complete',
  noun: 'tasks',
  summary: 'Report that a task is done',
  description: 'The same report again is answered as the first time.',
  auth: 'task:work',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: one,
    query: ownerQuery,
    body: z.strictObject({
      fence: fenceField,
      result: jsonField.optional().describe('Any JSON of at most 64 KB'),
    }),
  },
  outputs: { 200: settled },
  problems: ['task_stale'],
  examples: [
    {
      title: 'Done',
      params: { project: 'current', id: exampleId },
      body: { fence: 42, result: { pages: 3 } },
      status: 200,
      response: { task: exampleId, status: 'done' },
    },
  ],
})

export const failTask = defineRoute({
  operation: 'failTask',
  method: 'POST',
  path: '/v1/projects/{project}/tasks/{id}/fail',
  noun: 'tasks',
  summary: 'Report that an attempt has failed',
  auth: 'task:work',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: one,
    query: ownerQuery,
    body: z.strictObject({
      fence: fenceField,
      error: z.string().min(1).max(10_000).describe('What went wrong, for people: 1 to 10000 characters'),
      retry: z.boolean().default(true).describe('false: it is dead at once'),
      delayMs: z.int().min(0).max(31_536_000_000).optional().describe('Left out: after its back-off'),
    }),
  },
  outputs: { 200: settled },
  problems: ['task_stale'],
  examples: [
    {
      title: 'Tried again later',
      params: { project: 'current', id: exampleId },
      body: { fence: 42, error: 'the model is away' },
      status: 200,
      response: { task: exampleId, status: 'scheduled' },
    },
  ],
})

export const releaseTask = defineRoute({
  operation: 'releaseTask',
  method: 'POST',
  path: '/v1/projects/{project}/tasks/{id}/release',
  noun: 'tasks',
  summary: 'Give a task back at once; the attempt is not counted',
  auth: 'task:work',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params: one, query: ownerQuery, body: z.strictObject({ fence: fenceField }) },
  outputs: { 200: settled },
  problems: ['task_stale'],
  examples: [
    {
      title: 'Given back',
      params: { project: 'current', id: exampleId },
      body: { fence: 42 },
      status: 200,
      response: { task: exampleId, status: 'ready' },
    },
  ],
})
