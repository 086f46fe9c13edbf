import { z } from 'zod'
import {
  etagField,
  jsonObjectField,
  metadataField,
  objectField,
  pageOf,
  projectField,
  replayedField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const projectSchema = z
  .object({
    name: z.string().describe("The project's name"),
    version: z.string().nullable().describe('The version of the project, at most 100 characters'),
    capabilities: z.array(z.unknown()).describe('What the project says it can do'),
    endpoints: objectField.describe('A JSON object of the addresses of the project, by name'),
    metadata: objectField.describe('A JSON object, as it was stored'),
    registeredAt: timestampField,
    updatedAt: timestampField,
    archivedAt: timestampField.nullable().describe('Since when it only can be read; null for a project in use'),
    etag: etagField,
  })
  .meta({ id: 'Project' })

const registeredSchema = projectSchema
  .extend({
    dbaSql: z
      .string()
      .nullable()
      .optional()
      .describe('SQL that gives the schema a role of its own, where this server may not create roles; else null'),
  })
  .meta({ id: 'RegisteredProject' })

const example = {
  name: 'smart_layer',
  version: '1.4.0',
  capabilities: ['chat'],
  endpoints: { api: 'http://127.0.0.1:8801' },
  metadata: {},
  registeredAt: '2026-11-20T09:30:00+00:00',
  updatedAt: '2026-11-20T09:30:00+00:00',
  archivedAt: null,
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}

export const listProjects = defineRoute({
  operation: 'listProjects',
  method: 'GET',
  path: '/v1/projects',
  noun: 'projects',
  summary: 'The registered projects; a key or a member sees its own',
  auth: 'project:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: noInput,
  outputs: {
    200: pageOf(projectSchema),
  },
  problems: [],
  examples: [{ title: 'One project', status: 200, response: { data: [example], page: { next: null } } }],
})

const project = z.strictObject({ project: projectField })

const fields = z.strictObject({
  version: z.string().max(100).optional().describe('The version of the project, at most 100 characters'),
  capabilities: z
    .array(z.string().max(100))
    .max(100)
    .optional()
    .describe('What the project says it can do, at most 100 names'),
  endpoints: jsonObjectField.optional().describe('A JSON object of the addresses of the project, by name'),
  metadata: metadataField.optional(),
})

const newNameField = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,47}$/)
  .describe('1 to 48 lowercase letters, digits and underscores, beginning with a letter; it names a schema, too')

export const createProject = defineRoute({
  operation: 'createProject',
  method: 'POST',
  path: '/v1/projects',
  noun: 'projects',
  summary: 'Register a project that is not there yet',
  description: 'PUT of the name registers or updates, whichever it takes.',
  auth: 'project:write',
  idempotencyKey: 'required',
  input: { ...noInput, body: fields.extend({ name: newNameField }) },
  location: '/v1/projects/{name}',
  outputs: { 201: projectSchema.extend({ replayed: replayedField }).meta({ id: 'CreatedProject' }) },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'Register',
      body: { name: 'smart_layer', version: '1.4.0', capabilities: ['chat'], endpoints: example.endpoints },
      status: 201,
      response: { ...example, replayed: false },
    },
  ],
})

export const getProject = defineRoute({
  operation: 'getProject',
  method: 'GET',
  path: '/v1/projects/{project}',
  noun: 'projects',
  summary: 'What a project says of itself',
  auth: 'project:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: project },
  outputs: { 200: projectSchema },
  problems: [],
  examples: [{ title: 'A project', params: { project: 'smart_layer' }, status: 200, response: example }],
})

export const updateProject = defineRoute({
  operation: 'updateProject',
  method: 'PATCH',
  path: '/v1/projects/{project}',
  noun: 'projects',
  summary: 'Change what a registered project says of itself',
  description: 'Fields left out keep what is stored. PUT registers a project that is not there yet; this does not.',
  auth: 'project:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: project, body: fields },
  outputs: { 200: projectSchema },
  problems: [],
  examples: [
    {
      title: 'A new version',
      params: { project: 'smart_layer' },
      body: { version: '1.4.0' },
      status: 200,
      response: example,
    },
  ],
})

export const putProject = defineRoute({
  operation: 'putProject',
  method: 'PUT',
  path: '/v1/projects/{project}',
  noun: 'projects',
  makes: 'project',
  summary: 'Register a project, or update what it says of itself',
  description: 'Idempotent by name. Fields left out keep what is stored.',
  auth: 'project:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: project, body: fields },
  outputs: { 200: registeredSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'Register',
      params: { project: 'smart_layer' },
      body: { version: '1.4.0', capabilities: ['chat'], endpoints: { api: 'http://127.0.0.1:8801' } },
      status: 200,
      response: example,
    },
  ],
})

export const archiveProject = defineRoute({
  operation: 'archiveProject',
  method: 'PUT',
  path: '/v1/projects/{project}/archive',
  noun: 'projects',
  summary: 'Archive a project: its keys are refused, its spending is denied, its books stay; for the owner',
  description:
    'Idempotent. Open holds can still be settled over the database. Restoring brings keys and accounts back.',
  auth: 'project:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: project },
  outputs: { 200: projectSchema },
  problems: [],
  examples: [
    {
      title: 'Archive',
      params: { project: 'smart_layer' },
      status: 200,
      response: { ...example, archivedAt: '2026-11-20T09:30:00+00:00' },
    },
  ],
})

export const restoreProject = defineRoute({
  operation: 'restoreProject',
  method: 'DELETE',
  path: '/v1/projects/{project}/archive',
  noun: 'projects',
  summary: 'Restore an archived project, with its keys and accounts as they were; for the owner',
  description: 'Idempotent.',
  auth: 'project:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: project },
  outputs: { 200: projectSchema },
  problems: [],
  examples: [{ title: 'Restore', params: { project: 'smart_layer' }, status: 200, response: example }],
})

/** In the order of the docs. */
export const routes = [
  listProjects,
  createProject,
  getProject,
  putProject,
  updateProject,
  archiveProject,
  restoreProject,
] as const
