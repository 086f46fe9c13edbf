import { z } from 'zod'
import { ownerField, projectField, timestampField } from '../contract/field.ts'

export const nameField = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,199}$/)
  .describe('1 to 200 letters, digits and _ . : / @ -, beginning with a letter or digit')

export const statusField = z
  .enum(['ready', 'scheduled', 'pending', 'blocked', 'running', 'done', 'dead', 'cancelled'])
  .describe('pending: what it needs is open; blocked: what it needs is dead or cancelled')

/** Queues can be shared: work on one of another project names it. */
export const ownerQuery = z.strictObject({ owner: ownerField })

const any = z.unknown()

export const taskSchema = z
  .object({
    task: z.uuid().describe('The id of the task'),
    project: z.string().describe('Whose queue it is in'),
    queue: z.string().describe('The queue'),
    kind: z.string().describe('Which handler runs it'),
    payload: any.describe('What it was enqueued with'),
    status: statusField,
    priority: z.int().describe('Lower ones come first'),
    runAt: timestampField.nullable().describe('Not before; null: it has ended'),
    group: z.string().nullable().describe('Tasks of a group share a limit; null: none'),
    uniqueKey: z.string().nullable().describe('One open task of the queue at a time has it; null: none'),
    openNeeds: z.int().describe('How many of the tasks that it needs are open'),
    failedNeeds: z.int().describe('How many of them are dead or cancelled'),
    attempt: z.int().describe('How often it was claimed'),
    maxAttempts: z.int().describe('After so many it is dead'),
    error: z.string().nullable().describe('Of the last attempt that failed'),
    result: any.describe('What its worker reported; null: nothing yet'),
    progress: any.describe('What its worker last said; null: nothing'),
    worker: z.string().nullable().describe('Who has it, or had it last'),
    leasedUntil: timestampField.nullable().describe('When its claim ends unless a beat comes; null: it is not running'),
    createdAt: timestampField,
    finishedAt: timestampField.nullable().describe('null: it is open'),
  })
  .meta({ id: 'Task' })

export const project = z.strictObject({ project: projectField })
export const one = z.strictObject({ project: projectField, id: z.uuid().describe('The id of a task') })
export const fenceField = z.int().min(1).describe('Of the claim, as it was answered')

export const exampleId = '019ab2c4-0000-7000-8000-000000000020'
export const exampleTask = {
  task: exampleId,
  project: 'smart_layer',
  queue: 'index',
  kind: 'doc.index',
  payload: { doc: 7 },
  status: 'ready',
  priority: 100,
  runAt: '2026-11-20T09:30:00+00:00',
  group: null,
  uniqueKey: null,
  openNeeds: 0,
  failedNeeds: 0,
  attempt: 0,
  maxAttempts: 5,
  error: null,
  result: null,
  progress: null,
  worker: null,
  leasedUntil: null,
  createdAt: '2026-11-20T09:30:00+00:00',
  finishedAt: null,
} as const
