import { z } from 'zod'
import { pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'
import { secretName } from '../contract/secret-name.ts'

const valueField = z
  .string()
  .min(1)
  .max(16_384)
  .describe('The secret itself, 1 to 16384 characters; no answer shows it')

const secretFields = {
  name: z.string().describe('The name of the secret'),
  project: z.string().nullable().describe('Whose it is; null: the installation'),
  version: z.string().describe('Another one each time it is set'),
  keyId: z.string().describe('Which key sealed it; rewrap seals with the present one'),
  updatedAt: timestampField,
  updatedBy: z.string().describe('Who set it last'),
}
const secretSchema = z.object(secretFields).meta({ id: 'Secret' })

const example = {
  name: 'OPENAI_API_KEY',
  project: 'smart_layer',
  version: '019ab2c4-9f00-7000-8000-000000000001',
  keyId: '5f0c71aa',
  updatedAt: '2026-11-20T09:30:00+00:00',
  updatedBy: 'owner',
}
const sharedExample = { ...example, project: null }

const byProject = z.strictObject({ project: projectField })
const byName = z.strictObject({ project: projectField, name: secretName })
const sharedByName = z.strictObject({ name: secretName })
const body = z.strictObject({ value: valueField })
const shared = { noun: 'secrets', auth: 'secret:write', idempotencyKey: 'none' } as const
const exampleBody = { value: 'sk-proj-…' }
const exampleParams = { project: 'smart_layer', name: 'OPENAI_API_KEY' }

export const listSecrets = defineRoute({
  ...shared,
  operation: 'listSecrets',
  method: 'GET',
  path: '/v1/projects/{project}/secrets',
  summary: 'The secrets of a project, without their values; there are at most 100',
  input: { ...noInput, params: byProject },
  outputs: { 200: pageOf(secretSchema) },
  problems: [],
  examples: [
    {
      title: 'One secret',
      params: { project: 'smart_layer' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const putSecret = defineRoute({
  ...shared,
  operation: 'putSecret',
  method: 'PUT',
  path: '/v1/projects/{project}/secrets/{name}',
  summary: 'Set a secret of a project',
  description:
    'The control plane seals the value with a key that only it has, so that neither the database nor a backup holds it in clear. No route shows it again.',
  input: { ...noInput, params: byName, body },
  outputs: { 200: secretSchema },
  problems: ['conflict'],
  examples: [
    { title: 'A key of a provider', params: exampleParams, body: exampleBody, status: 200, response: example },
  ],
})

export const removeSecret = defineRoute({
  ...shared,
  operation: 'removeSecret',
  method: 'DELETE',
  path: '/v1/projects/{project}/secrets/{name}',
  summary: 'Remove a secret of a project',
  input: { ...noInput, params: byName },
  outputs: { 200: secretSchema },
  problems: [],
  examples: [{ title: 'As it was', params: exampleParams, status: 200, response: example }],
})

export const listSharedSecrets = defineRoute({
  ...shared,
  operation: 'listSharedSecrets',
  method: 'GET',
  path: '/v1/secrets',
  summary: 'The secrets of the installation, without their values; for the owner',
  input: noInput,
  outputs: { 200: pageOf(secretSchema) },
  problems: ['not_found'],
  examples: [{ title: 'One secret', status: 200, response: { data: [sharedExample], page: { next: null } } }],
})

export const putSharedSecret = defineRoute({
  ...shared,
  operation: 'putSharedSecret',
  method: 'PUT',
  path: '/v1/secrets/{name}',
  summary: 'Set a secret of the installation; for the owner',
  input: { ...noInput, params: sharedByName, body },
  outputs: { 200: secretSchema },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'A key of a provider',
      params: { name: 'OPENAI_API_KEY' },
      body: exampleBody,
      status: 200,
      response: sharedExample,
    },
  ],
})

export const removeSharedSecret = defineRoute({
  ...shared,
  operation: 'removeSharedSecret',
  method: 'DELETE',
  path: '/v1/secrets/{name}',
  summary: 'Remove a secret of the installation; for the owner',
  input: { ...noInput, params: sharedByName },
  outputs: { 200: secretSchema },
  problems: ['not_found'],
  examples: [{ title: 'As it was', params: { name: 'OPENAI_API_KEY' }, status: 200, response: sharedExample }],
})

export const rewrapSecrets = defineRoute({
  ...shared,
  operation: 'rewrapSecrets',
  idempotencyKey: 'required',
  method: 'POST',
  path: '/v1/secrets/rewrap',
  summary: 'Seal secrets of every project with the present key; for the owner',
  description:
    'For a rotation of CORE_SECRETS_KEY: secrets and those of webhooks that an older key sealed are opened and sealed again, up to 500 in a call. Repeat until remaining is false, then drop the old key.',
  input: noInput,
  outputs: {
    200: z
      .object({
        rewrapped: z.int().describe('How many were sealed again'),
        unreadable: z.int().describe('How many no key opens; set them again'),
        remaining: z.boolean().describe('true: there are more'),
      })
      .meta({ id: 'RewrappedSecrets' }),
  },
  problems: ['conflict', 'not_found'],
  examples: [
    { title: 'All of them', body: {}, status: 200, response: { rewrapped: 3, unreadable: 0, remaining: false } },
  ],
})

export const routes = [
  listSecrets,
  putSecret,
  removeSecret,
  listSharedSecrets,
  putSharedSecret,
  removeSharedSecret,
  rewrapSecrets,
] as const
