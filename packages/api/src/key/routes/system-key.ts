import { z } from 'zod'
import { pageFields, pageOf } from '../../contract/field.ts'
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

// Keys without a project. Only the owner, who may do everything, sees that they exist.

const byId = z.strictObject({ id: z.uuid().describe('The id of the key') })
const example = { ...keyExample, project: null, name: 'dashboard', scopes: ['project:read', 'ledger:read'] }

export const listSystemApiKeys = defineRoute({
  operation: 'listSystemApiKeys',
  method: 'GET',
  path: '/v1/api-keys',
  noun: 'api-keys',
  summary: 'The keys of the whole system, oldest first; for the owner',
  auth: 'key:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, query: z.strictObject(pageFields(z.uuid())) },
  outputs: { 200: pageOf(keySchema) },
  problems: ['not_found'],
  examples: [{ title: 'One key', status: 200, response: { data: [example], page: { next: null } } }],
})

export const createSystemApiKey = defineRoute({
  operation: 'createSystemApiKey',
  method: 'POST',
  path: '/v1/api-keys',
  noun: 'api-keys',
  summary: 'Make a key of the whole system: its scopes hold in every project; for the owner',
  description: 'It is shown in this answer and never again. Without scopes it may do everything, as the owner may.',
  auth: 'key:write',
  idempotencyKey: 'required',
  input: { ...noInput, body: newKeyFields },
  location: '/v1/api-keys/{id}',
  outputs: { 201: newKeySchema },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'A key that looks at every project',
      body: { name: 'dashboard', scopes: ['project:read', 'ledger:read'] },
      status: 201,
      response: { secret: secretExample, ...example, replayed: false },
    },
  ],
})

export const getSystemApiKey = defineRoute({
  operation: 'getSystemApiKey',
  method: 'GET',
  path: '/v1/api-keys/{id}',
  noun: 'api-keys',
  summary: 'Get any key by its id; never the key itself; for the owner',
  auth: 'key:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: byId },
  outputs: { 200: keySchema },
  problems: ['not_found'],
  examples: [{ title: 'A key', params: { id }, status: 200, response: example }],
})

export const updateSystemApiKey = defineRoute({
  operation: 'updateSystemApiKey',
  method: 'PATCH',
  path: '/v1/api-keys/{id}',
  noun: 'api-keys',
  summary: 'Rename any key by its id, disable or enable it, give it another end; for the owner',
  auth: 'key:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: byId, body: keyChanges },
  outputs: { 200: keySchema },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'Renamed',
      params: { id },
      body: { name: 'dashboard' },
      status: 200,
      response: example,
    },
  ],
})

export const rerollSystemApiKey = defineRoute({
  operation: 'rerollSystemApiKey',
  method: 'POST',
  path: '/v1/api-keys/{id}/reroll',
  noun: 'api-keys',
  summary: 'Replace any key by its id; both work during the overlap; for the owner',
  auth: 'key:write',
  idempotencyKey: 'required',
  input: { ...noInput, params: byId, body: rerollFields },
  location: '/v1/api-keys/{id}',
  outputs: { 201: rerolledKeySchema },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'An hour of overlap',
      params: { id },
      body: { overlapSeconds: 3600 },
      status: 201,
      response: {
        secret: secretExample,
        ...example,
        id: '019ab2c4-0000-7000-8000-000000000002',
        replayed: false,
        replaces: id,
        overlapEndsAt: '2026-11-20T10:30:00+00:00',
      },
    },
  ],
})

export const revokeSystemApiKey = defineRoute({
  operation: 'revokeSystemApiKey',
  method: 'DELETE',
  path: '/v1/api-keys/{id}',
  noun: 'api-keys',
  summary: 'End any key by its id, at once and for good; for the owner',
  auth: 'key:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: byId },
  outputs: { 200: keySchema },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'Revoked',
      params: { id },
      status: 200,
      response: {
        ...example,
        status: 'disabled',
        disabledAt: '2026-11-20T09:35:00+00:00',
        revokedAt: '2026-11-20T09:35:00+00:00',
      },
    },
  ],
})
