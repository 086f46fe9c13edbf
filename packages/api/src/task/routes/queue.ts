import { z } from 'zod'
import { jsonField, pageFields, pageOf, replayedField, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { exampleId, exampleTask, nameField, one, ownerQuery, project, statusField, taskSchema } from '../task-fields.ts'

export const enqueueTask = defineRoute({
  operation: 'enqueueTask',
  method: 'POST',
  path: '/v1/projects/{project}/tasks',
  noun: 'tasks',
  summary: 'Enqueue a task',
  description:
    'The Idempotency-Key is the key of the task: sent again, also after the task has ended, it answers that task.',
  auth: 'task:enqueue',
  idempotencyKey: 'required',
  isTraffic: true,
  input: {
    ...noInput,
    params: project,
    query: ownerQuery,
    body: z.strictObject({
      queue: nameField,
      kind: nameField,
      payload: jsonField.default({}).describe('Any JSON of at most 64 KB; {} where it is left out'),
      priority: z.int().min(0).max(1000).default(100).describe('0 to 1000; lower ones come first'),
      runAt: timestampField.optional().describe('Not before this instant'),
      group: nameField.optional().describe('Tasks of a group run one at a time, or as many as the group may'),
      uniqueKey: nameField.optional().describe('One open task of the queue at a time has it'),
      needs: z.array(z.uuid()).max(100).optional().describe('Ids of tasks that have to be done first'),
      maxAttempts: z.int().min(1).max(100).default(5).describe('After so many failures it is dead, 1 to 100'),
      backoffMs: z
        .int()
        .min(0)
        .max(3_600_000)
        .default(1000)
        .describe('The pause after the first failure in milliseconds; it doubles, up to an hour'),
    }),
  },
  location: '/v1/projects/{project}/tasks/{task}',
  outputs: {
    201: z
      .object({
        task: z.uuid().describe('The id of the task'),
        project: z.string().describe('Whose queue it is in'),
        key: z.string().describe('Its idempotency key'),
        exists: z.boolean().describe('true: an open task has the unique key, and this is it'),
        replayed: replayedField,
      })
      .meta({ id: 'EnqueuedTask' }),
  },
  problems: ['bound_reached'],
  examples: [
    {
      title: 'A document to index',
      params: { project: 'current' },
      body: { queue: 'index', kind: 'doc.index', payload: { doc: 7 } },
      status: 201,
      response: { task: exampleId, project: 'smart_layer', key: 'doc-7', exists: false, replayed: false },
    },
  ],
})

export const listTasks = defineRoute({
  operation: 'listTasks',
  method: 'GET',
  path: '/v1/projects/{project}/tasks',
  noun: 'tasks',
  summary: 'Tasks, newest first: the open ones, or those of one status',
  auth: 'task:enqueue',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: project,
    query: z.strictObject({
      ...pageFields(z.uuid()),
      queue: nameField.optional().describe('Only of this queue'),
      status: statusField.optional().describe('Left out: all that are open'),
    }),
  },
  outputs: { 200: pageOf(taskSchema) },
  problems: [],
  examples: [
    {
      title: 'One task',
      params: { project: 'current' },
      status: 200,
      response: { data: [exampleTask], page: { next: null } },
    },
  ],
})

export const getTask = defineRoute({
  operation: 'getTask',
  method: 'GET',
  path: '/v1/projects/{project}/tasks/{id}',
  noun: 'tasks',
  summary: 'A task with its status, error and result',
  auth: 'task:enqueue',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: { 200: taskSchema },
  problems: [],
  examples: [{ title: 'A task', params: { project: 'current', id: exampleId }, status: 200, response: exampleTask }],
})

export const getTaskStats = defineRoute({
  operation: 'getTaskStats',
  method: 'GET',
  path: '/v1/projects/{project}/task-stats',
  noun: 'tasks',
  summary: 'How much is open and how much is dead in each queue, counted at most once in five seconds',
  auth: 'task:enqueue',
  idempotencyKey: 'none',
  input: { ...noInput, params: project },
  outputs: {
    200: z
      .object({
        queues: z
          .array(
            z.object({
              queue: z.string().describe('The queue'),
              ready: z.int().describe('Tasks that may be claimed'),
              waiting: z.int().describe('Tasks that wait for their time, or for others'),
              running: z.int().describe('Tasks that a worker has'),
              blocked: z.int().describe('Tasks that need one which is dead or cancelled'),
              dead: z
                .int()
                .describe('Tasks that had no attempt left, while they are kept; at most 100,000 are counted'),
              oldestAt: timestampField.nullable().describe('Since when the one waits that is ready the longest'),
              countedAt: timestampField,
            }),
          )
          .describe('At most 1,000 queues'),
      })
      .meta({ id: 'TaskStats' }),
  },
  problems: [],
  examples: [
    {
      title: 'One queue',
      params: { project: 'current' },
      status: 200,
      response: {
        queues: [
          {
            queue: 'index',
            ready: 3,
            waiting: 1,
            running: 2,
            blocked: 0,
            dead: 0,
            oldestAt: '2026-11-20T09:30:00+00:00',
            countedAt: '2026-11-20T09:30:05+00:00',
          },
        ],
      },
    },
  ],
})
