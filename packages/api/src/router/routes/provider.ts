import { z } from 'zod'
import { objectField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { secretName } from '../../contract/secret-name.ts'
import { at, changed, inProject, providerName, removed, shared } from '../router-fields.ts'

const kinds = ['openai', 'anthropic', 'openai-compatible', 'ollama', 'local'] as const
const limitField = z.int().min(1).max(1_000_000_000).optional()

const limits = z
  .strictObject({
    inFlight: limitField.describe('Calls at a time'),
    requestsPerMinute: limitField.describe('Calls per minute'),
    tokensPerMinute: limitField.describe('Tokens per minute, by the estimate'),
    region: z.string().min(1).max(50).optional().describe('Where it works, for routes that ask for a region'),
  })
  .describe('Limits of each of its models, in each process')

const providerSchema = z
  .object({
    name: z.string().describe('The name'),
    project: z.string().nullable().describe('Whose it is; null for every project'),
    kind: z.string().describe('Whose API it serves'),
    baseUrl: z.string().nullable().describe('Where; null for the address of its maker'),
    secret: z.string().nullable().describe('The name of the secret with its key'),
    settings: objectField.describe('Its limits'),
    ...changed,
  })
  .meta({ id: 'ModelProvider' })

const exampleProvider = {
  name: 'openai',
  project: 'smart_layer',
  kind: 'openai',
  baseUrl: null,
  secret: 'openai_key',
  settings: {},
  updatedAt: at,
  updatedBy: 'key:01999f6e-0000-7000-8000-000000000001',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}

export const listProviders = defineRoute({
  operation: 'listProviders',
  method: 'GET',
  path: '/v1/projects/{project}/providers',
  noun: 'models',
  summary: 'The providers of models that a project may use',
  auth: 'model:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: inProject },
  outputs: { 200: z.object({ providers: z.array(providerSchema).describe('By name') }).meta({ id: 'ModelProviders' }) },
  problems: [],
  examples: [
    { title: 'One provider', params: { project: 'current' }, status: 200, response: { providers: [exampleProvider] } },
  ],
})

export const setProvider = defineRoute({
  operation: 'setProvider',
  method: 'PUT',
  path: '/v1/projects/{project}/providers/{name}',
  noun: 'models',
  summary: 'Set a provider of models',
  description:
    'A project’s own provider takes the place of a shared one of its name. The same call again changes nothing.',
  auth: 'model:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, name: providerName }),
    query: shared,
    body: z.strictObject({
      kind: z.enum(kinds).describe('Whose API it serves'),
      baseUrl: z
        .url({ protocol: /^https?$/ })
        .max(2_000)
        .optional()
        .describe('https, on port 443 or a host that the operator lists; left out, the address of its maker'),
      secret: secretName.optional(),
      settings: limits.default({}),
    }),
  },
  outputs: { 200: providerSchema },
  problems: ['not_found'],
  examples: [
    {
      title: 'OpenAI with a key of your own',
      params: { project: 'current', name: 'openai' },
      body: { kind: 'openai', secret: 'openai_key' },
      status: 200,
      response: exampleProvider,
    },
  ],
})

export const removeProvider = defineRoute({
  operation: 'removeProvider',
  method: 'DELETE',
  path: '/v1/projects/{project}/providers/{name}',
  noun: 'models',
  summary: 'Remove a provider of models; calls under way stay',
  auth: 'model:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField, name: providerName }), query: shared },
  outputs: { 200: removed },
  problems: [],
  examples: [
    {
      title: 'Remove it',
      params: { project: 'current', name: 'openai' },
      status: 200,
      response: { removed: true },
    },
  ],
})
