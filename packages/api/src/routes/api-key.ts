import { z } from 'zod'
import { capabilities } from '../capability.ts'
import { pageFields, pageOf, projectField, timestampField } from '../field.ts'
import { defineRoute, noInput } from '../route-contract.ts'

const scopes = z.array(z.enum(capabilities)).min(1)

const keyFields = {
  id: z.uuid(),
  project: z.string().nullable(),
  name: z.string(),
  hint: z.string().describe('Its first characters'),
  scopes,
  status: z.enum(['active', 'expired', 'disabled']),
  createdBy: z.string(),
  createdAt: timestampField,
  expiresAt: timestampField.nullable(),
  disabledAt: timestampField.nullable(),
  lastUsedAt: timestampField.nullable(),
  replacedBy: z.uuid().nullable(),
}
const keySchema = z.object(keyFields).meta({ id: 'ApiKey' })

const newKeySchema = z
  .object({
    secret: z.string().nullable().describe('The key itself, this once. null in a replay: only its hash is kept'),
    ...keyFields,
    replayed: z.boolean(),
  })
  .meta({ id: 'NewApiKey' })

const mode = z
  .enum(['live', 'test'])
  .default('live')
  .describe('A mark for people and scanners; both open the same doors')

const project = z.strictObject({ project: projectField })
const byId = z.strictObject({ project: projectField, id: z.uuid() })

const id = '019ab2c4-0000-7000-8000-000000000000'
const keyExample = {
  id,
  project: 'smart_layer',
  name: 'worker',
  hint: 'ck_live_7Qf2',
  scopes: ['ledger:read', 'ledger:spend'],
  status: 'active',
  createdBy: 'key:019ab2c4-0000-7000-8000-000000000001',
  createdAt: '2026-11-20T09:30:00+00:00',
  expiresAt: null,
  disabledAt: null,
  lastUsedAt: null,
  replacedBy: null,
}
const secret = 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40AbC1d'

export const listApiKeys = defineRoute({
  operation: 'listApiKeys',
  method: 'GET',
  path: '/v1/projects/{project}/api-keys',
  noun: 'api-keys',
  summary: "A project's keys, oldest first; never the keys themselves",
  auth: 'key:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: project, query: z.strictObject(pageFields(z.uuid())) },
  outputs: { 200: pageOf(keySchema) },
  problems: [],
  examples: [
    {
      title: 'One key',
      params: { project: 'current' },
      status: 200,
      response: { data: [keyExample], page: { next: null } },
    },
  ],
})

export const createApiKey = defineRoute({
  operation: 'createApiKey',
  method: 'POST',
  path: '/v1/projects/{project}/api-keys',
  noun: 'api-keys',
  summary: 'Make a key; it is shown in this answer and never again',
  description: 'A key can do at most what its maker can.',
  auth: 'key:write',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: project,
    body: z.strictObject({
      name: z.string().min(1).max(100).describe('What uses the key, 1 to 100 characters'),
      scopes: scopes.optional().describe("Left out: a project's defaults, to spend and to look"),
      expiresAt: timestampField.optional(),
      mode,
    }),
  },
  outputs: { 201: newKeySchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'A key that spends',
      params: { project: 'smart_layer' },
      body: { name: 'worker', scopes: ['ledger:read', 'ledger:spend'] },
      status: 201,
      response: { secret, ...keyExample, replayed: false },
    },
  ],
})

export const rerollApiKey = defineRoute({
  operation: 'rerollApiKey',
  method: 'POST',
  path: '/v1/projects/{project}/api-keys/{id}/reroll',
  noun: 'api-keys',
  summary: 'Replace a key by a new one with the same rights; both work during the overlap',
  auth: 'key:write',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byId,
    body: z.strictObject({
      overlapSeconds: z
        .int()
        .min(0)
        .max(2_592_000)
        .default(3600)
        .describe('How long the old key still works, 0 to 2592000 (30 days)'),
      mode,
    }),
  },
  outputs: {
    201: newKeySchema.extend({ replaces: z.uuid(), overlapEndsAt: timestampField }).meta({ id: 'RerolledApiKey' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'An hour of overlap',
      params: { project: 'smart_layer', id },
      body: { overlapSeconds: 3600 },
      status: 201,
      response: {
        secret,
        ...keyExample,
        id: '019ab2c4-0000-7000-8000-000000000002',
        replayed: false,
        replaces: id,
        overlapEndsAt: '2026-11-20T10:30:00+00:00',
      },
    },
  ],
})

export const revokeApiKey = defineRoute({
  operation: 'revokeApiKey',
  method: 'DELETE',
  path: '/v1/projects/{project}/api-keys/{id}',
  noun: 'api-keys',
  summary: 'End a key at once and for good',
  auth: 'key:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: byId },
  outputs: { 200: keySchema },
  problems: [],
  examples: [
    {
      title: 'Revoked',
      params: { project: 'smart_layer', id },
      status: 200,
      response: { ...keyExample, status: 'disabled', disabledAt: '2026-11-20T09:35:00+00:00' },
    },
  ],
})
