import { z } from 'zod'
import { nameField, ownerField, pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const params = z.strictObject({ project: projectField })
const query = z.strictObject({ owner: ownerField })
const name = nameField(200).describe('The name of the lock, 1 to 200 characters, not . or ..')
const fence = z.int().min(1).describe('Of the holder, as it was answered')
const ttlSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .default(30)
  .describe('Seconds until it is free unless it is renewed, 1 to 86400')

const lockSchema = z
  .object({
    name: z.string().describe('The name of the lock'),
    holder: z.string().describe('Who holds it'),
    fence: z.int().describe('Greater than that of every holder before'),
    acquiredAt: timestampField,
    endsAt: timestampField.describe('When it is free unless it is renewed'),
  })
  .meta({ id: 'Lock' })

const example = {
  name: 'nightly',
  holder: 'laptop:4711',
  fence: 17,
  acquiredAt: '2026-11-20T09:30:00+00:00',
  endsAt: '2026-11-20T09:30:30+00:00',
} as const

export const acquireLock = defineRoute({
  operation: 'acquireLock',
  method: 'POST',
  path: '/v1/projects/{project}/locks',
  noun: 'locks',
  summary: 'Acquire a lock, or hear who holds it',
  description:
    'The holder that has it gets it again, renewed and under the same fence. Give each process a holder of its own.',
  auth: 'lock:take',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params,
    query,
    body: z.strictObject({
      name,
      holder: z.string().min(1).max(200).describe('Who acquires it: a text that no other process has'),
      ttlSeconds,
    }),
  },
  outputs: { 200: lockSchema },
  problems: ['lock_held', 'bound_reached'],
  examples: [
    {
      title: 'Acquired',
      params: { project: 'current' },
      body: { name: 'nightly', holder: 'laptop:4711' },
      status: 200,
      response: example,
    },
  ],
})

export const renewLock = defineRoute({
  operation: 'renewLock',
  method: 'POST',
  path: '/v1/projects/{project}/locks/renew',
  noun: 'locks',
  summary: 'Keep a lock',
  auth: 'lock:take',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, query, body: z.strictObject({ name, fence, ttlSeconds }) },
  outputs: { 200: lockSchema },
  problems: ['lock_lost'],
  examples: [
    {
      title: 'Kept',
      params: { project: 'current' },
      body: { name: 'nightly', fence: 17 },
      status: 200,
      response: { ...example, endsAt: '2026-11-20T09:30:40+00:00' },
    },
  ],
})

export const releaseLock = defineRoute({
  operation: 'releaseLock',
  method: 'POST',
  path: '/v1/projects/{project}/locks/release',
  noun: 'locks',
  summary: 'Release a lock; one that was lost or released is answered alike',
  auth: 'lock:take',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, query, body: z.strictObject({ name, fence }) },
  outputs: {
    200: z
      .object({ released: z.boolean().describe('false: it was lost or released before') })
      .meta({ id: 'ReleasedLock' }),
  },
  problems: [],
  examples: [
    {
      title: 'Released',
      params: { project: 'current' },
      body: { name: 'nightly', fence: 17 },
      status: 200,
      response: { released: true },
    },
  ],
})

export const listLocks = defineRoute({
  operation: 'listLocks',
  method: 'GET',
  path: '/v1/projects/{project}/locks',
  noun: 'locks',
  summary: 'The locks that are held, by name',
  auth: 'lock:take',
  idempotencyKey: 'none',
  input: { ...noInput, params, query: z.strictObject(pageFields(z.string().min(1).max(200))) },
  outputs: { 200: pageOf(lockSchema) },
  problems: [],
  examples: [
    {
      title: 'One lock',
      params: { project: 'current' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

/** In the order of the docs. */
export const routes = [acquireLock, renewLock, releaseLock, listLocks] as const
