import { z } from 'zod'
import { pageFields, pageOf } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { addressFields, byName, byProject, current, example, fileSchema, files, secondsField } from '../file-fields.ts'

export const listFiles = defineRoute({
  ...files,
  operation: 'listFiles',
  method: 'GET',
  path: '/v1/projects/{project}/files',
  summary: 'The files of a project, by name',
  description:
    'The content of a file is GET /v1/projects/{project}/files/{name}/content, with ranges; PUT uploads it, of any size, with Content-Type, Content-Length and, if wanted, the header Content-Sha256 in hex.',
  auth: 'file:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: byProject,
    query: z.strictObject({
      ...pageFields(z.string().min(1).max(800)),
      prefix: z.string().max(800).optional().describe('Those whose names begin so'),
    }),
  },
  outputs: { 200: pageOf(fileSchema) },
  problems: [],
  examples: [
    {
      title: 'A folder',
      params: current,
      query: { prefix: 'audio/' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const getFile = defineRoute({
  ...files,
  operation: 'getFile',
  method: 'GET',
  path: '/v1/projects/{project}/files/{name}',
  summary: 'A file, without its content',
  auth: 'file:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: byName },
  outputs: { 200: fileSchema },
  problems: [],
  examples: [{ title: 'A file', params: { ...current, name: example.name }, status: 200, response: example }],
})

export const removeFile = defineRoute({
  ...files,
  operation: 'removeFile',
  method: 'DELETE',
  path: '/v1/projects/{project}/files/{name}',
  summary: 'Delete a file',
  description: 'Its quota is free at once; the content is deleted from the store a minute later.',
  auth: 'file:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: byName },
  outputs: { 200: fileSchema },
  problems: [],
  examples: [{ title: 'As it was', params: { ...current, name: example.name }, status: 200, response: example }],
})

export const getFileUrl = defineRoute({
  ...files,
  operation: 'getFileUrl',
  method: 'POST',
  path: '/v1/projects/{project}/files/{name}/url',
  summary: 'An address from which a file can be read without a key',
  auth: 'file:read',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: { ...noInput, params: byName, body: z.strictObject({ expiresSeconds: secondsField }) },
  outputs: { 200: z.object(addressFields).meta({ id: 'FileUrl' }) },
  problems: ['conflict'],
  examples: [
    {
      title: 'For five minutes',
      params: { ...current, name: example.name },
      body: { expiresSeconds: 300 },
      status: 200,
      response: {
        url: 'https://core.example/v1/storage/core1.5f0c71aa.…',
        method: 'GET',
        requestHeaders: {},
        expiresAt: '2026-11-20T09:35:00+00:00',
      },
    },
  ],
})
