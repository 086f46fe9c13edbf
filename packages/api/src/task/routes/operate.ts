import { z } from 'zod'
import { projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { exampleId, exampleTask, nameField, one, taskSchema } from '../task-fields.ts'

export const cancelTask = defineRoute({
  operation: 'cancelTask',
  method: 'DELETE',
  path: '/v1/projects/{project}/tasks/{id}',
  noun: 'tasks',
  summary: 'Cancel an open task, also one that is running; what needs it is blocked',
  auth: 'task:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: {
    200: taskSchema
      .extend({ cancelled: z.boolean().describe('false: it had ended before') })
      .meta({ id: 'CancelledTask' }),
  },
  problems: [],
  examples: [
    {
      title: 'Cancelled',
      params: { project: 'current', id: exampleId },
      status: 200,
      response: {
        ...exampleTask,
        status: 'cancelled',
        runAt: null,
        finishedAt: '2026-11-20T09:40:00+00:00',
        cancelled: true,
      },
    },
  ],
})

export const retryTask = defineRoute({
  operation: 'retryTask',
  method: 'PUT',
  path: '/v1/projects/{project}/tasks/{id}/retry',
  noun: 'tasks',
  summary: 'Open a dead or cancelled task again, with all its attempts',
  auth: 'task:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: {
    200: taskSchema.extend({ retried: z.boolean().describe('false: it is open') }).meta({ id: 'RetriedTask' }),
  },
  problems: ['task_done', 'task_unique'],
  examples: [
    {
      title: 'Open again',
      params: { project: 'current', id: exampleId },
      status: 200,
      response: { ...exampleTask, retried: true },
    },
  ],
})

export const setTaskGroup = defineRoute({
  operation: 'setTaskGroup',
  method: 'PUT',
  path: '/v1/projects/{project}/task-groups',
  noun: 'tasks',
  summary: 'Set how many tasks of a group may run at a time; without a setting it is one',
  auth: 'task:operate',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      queue: nameField,
      group: nameField,
      concurrency: z.int().min(1).max(1000).describe('1 to 1000'),
    }),
  },
  outputs: {
    200: z
      .object({
        queue: z.string().describe('The queue'),
        group: z.string().describe('The group'),
        concurrency: z.int().describe('How many of its tasks may run at a time'),
      })
      .meta({ id: 'TaskGroup' }),
  },
  problems: ['bound_reached'],
  examples: [
    {
      title: 'Three at a time',
      params: { project: 'current' },
      body: { queue: 'index', group: 'openai', concurrency: 3 },
      status: 200,
      response: { queue: 'index', group: 'openai', concurrency: 3 },
    },
  ],
})
