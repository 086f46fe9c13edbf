import { z } from 'zod'
import { pageFields, pageOf, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import {
  keyIdExample as id,
  keyChanges,
  keyExample,
  keySchema,
  newKeyFields,
  newKeySchema,
  rerolledKeySchema,
  rerollFields,
  secretExample,
} from './api-key-fields.ts'

const project = z.strictObject({ project: projectField })
const byId = z.strictObject({ project: projectField, id: z.uuid().describe('The id of the key') })

export const listApiKeys = defineRoute({
  operation: 'listApiKeys',
  method: 'GET',
  path: '/v1/projects/{project}/api-keys',
  noun: 'api-keys',
  summary: "A project's keys, oldest first; never the keys themselves",
  auth: 'key:read',
  idempotencyKey: 'none',
  conditional: 'read',
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
    body: newKeyFields,
  },
  location: '/v1/projects/{project}/api-keys/{id}',
  outputs: { 201: newKeySchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'A key that spends',
      params: { project: 'smart_layer' },
      body: { name: 'worker', scopes: ['ledger:read', 'ledger:spend'] },
      status: 201,
      response: { secret: secretExample, ...keyExample, replayed: false },
    },
  ],
})

export const getApiKey = defineRoute({
  operation: 'getApiKey',
  method: 'GET',
  path: '/v1/projects/{project}/api-keys/{id}',
  noun: 'api-keys',
  summary: 'Get a key by its id; never the key itself',
  auth: 'key:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: byId },
  outputs: { 200: keySchema },
  problems: [],
  examples: [{ title: 'One key', params: { project: 'current', id }, status: 200, response: keyExample }],
})

export const updateApiKey = defineRoute({
  operation: 'updateApiKey',
  method: 'PATCH',
  path: '/v1/projects/{project}/api-keys/{id}',
  noun: 'api-keys',
  summary: 'Rename a key, disable or enable it, give it another end or the default scopes',
  description: 'What is left out stays. A revoked key stays as it is.',
  auth: 'key:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: byId, body: keyChanges },
  outputs: { 200: keySchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'Switched off',
      params: { project: 'smart_layer', id },
      body: { enabled: false },
      status: 200,
      response: { ...keyExample, status: 'disabled', disabledAt: '2026-11-20T09:35:00+00:00' },
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
    body: rerollFields,
  },
  location: '/v1/projects/{project}/api-keys/{id}',
  outputs: { 201: rerolledKeySchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'An hour of overlap',
      params: { project: 'smart_layer', id },
      body: { overlapSeconds: 3600 },
      status: 201,
      response: {
        secret: secretExample,
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
      response: {
        ...keyExample,
        status: 'disabled',
        disabledAt: '2026-11-20T09:35:00+00:00',
        revokedAt: '2026-11-20T09:35:00+00:00',
      },
    },
  ],
})
