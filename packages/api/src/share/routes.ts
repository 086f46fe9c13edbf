import { z } from 'zod'
import {
  etagField,
  nameField,
  numberCursor,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const kindField = z
  .string()
  .regex(/^[a-z]{1,20}$/)
  .describe('The kind of the thing, such as cache')
const thingField = nameField(512).describe(
  'The name of the thing, 1 to 512 characters, not . or ..; it need not exist yet',
)
const granteeField = z
  .string()
  .regex(/^(\*|[a-z][a-z0-9_]{0,47})$/)
  .describe('The name of another project, or * for every project')
const rightsField = z
  .array(z.enum(['read', 'write', 'work']))
  .min(1)
  .max(3)
  .describe('One or more of read, write and work; a kind takes those that mean something for it')

const shareSchema = z
  .object({
    owner: z.string().describe('The project whose thing it is'),
    kind: z.string().describe('The kind of the thing'),
    name: z.string().describe('The name of the thing'),
    grantee: z.string().describe('The project that may use it; * for every one'),
    rights: z.array(z.string()).describe('What it may do: read, write, work'),
    createdBy: z.string().describe('Who created it'),
    createdAt: timestampField,
    updatedBy: z.string().describe('Who changed it last'),
    updatedAt: timestampField,
    etag: etagField,
  })
  .meta({ id: 'Share' })

const params = z.strictObject({ project: projectField, kind: kindField, name: thingField, grantee: granteeField })

const example = {
  owner: 'model_service',
  kind: 'cache',
  name: 'answers',
  grantee: 'smart_layer',
  rights: ['read', 'write'],
  createdBy: 'owner',
  createdAt: '2026-11-20T09:30:00+00:00',
  updatedBy: 'owner',
  updatedAt: '2026-11-20T09:30:00+00:00',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}
const exampleParams = { project: 'model_service', kind: 'cache', name: 'answers', grantee: 'smart_layer' }

export const listShares = defineRoute({
  operation: 'listShares',
  method: 'GET',
  path: '/v1/projects/{project}/shares',
  noun: 'shares',
  summary: 'What a project lets others use, or what it may use of others',
  auth: 'project:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    query: z.strictObject({
      direction: z
        .enum(['given', 'received'])
        .default('given')
        .describe('given: what the project shares; received: what others share with it or with every project'),
      ...pageFields(numberCursor(0)),
    }),
  },
  outputs: { 200: pageOf(shareSchema) },
  problems: [],
  examples: [
    {
      title: 'One share',
      params: { project: 'model_service' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const putShare = defineRoute({
  operation: 'putShare',
  method: 'PUT',
  path: '/v1/projects/{project}/shares/{kind}/{name}/{grantee}',
  noun: 'shares',
  summary: 'Let another project, or every one, use a thing of this project',
  description:
    'The rights replace those it had. The other project needs the scope of the call as well, and names this one as the owner of the thing.',
  auth: 'share:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params, body: z.strictObject({ rights: rightsField }) },
  outputs: { 200: shareSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'A namespace of the cache',
      params: exampleParams,
      body: { rights: ['read', 'write'] },
      status: 200,
      response: example,
    },
  ],
})

export const removeShare = defineRoute({
  operation: 'removeShare',
  method: 'DELETE',
  path: '/v1/projects/{project}/shares/{kind}/{name}/{grantee}',
  noun: 'shares',
  summary: 'End a share: the next call of the other project is refused',
  auth: 'share:write',
  idempotencyKey: 'none',
  input: { ...noInput, params },
  outputs: { 200: shareSchema },
  problems: [],
  examples: [{ title: 'Ended', params: exampleParams, status: 200, response: example }],
})

/** In the order of the docs. */
export const routes = [listShares, putShare, removeShare] as const
