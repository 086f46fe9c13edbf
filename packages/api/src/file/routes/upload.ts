import { z } from 'zod'
import { projectField, replayedField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import {
  addressFields,
  byProject,
  current,
  example,
  fileName,
  fileSchema,
  files,
  secondsField,
  sizeField,
} from '../file-fields.ts'

const typeField = z
  .string()
  .regex(/^[!-~]{1,100}\/[ -~]{1,150}$/)
  .describe('A media type, such as audio/wav')
const exampleUpload = '019ab2c4-9f00-7000-8000-000000000002'
const byUpload = z.strictObject({ project: projectField, upload: z.uuid().describe('As beginUpload returned it') })

export const beginUpload = defineRoute({
  ...files,
  operation: 'beginUpload',
  method: 'POST',
  path: '/v1/projects/{project}/uploads',
  summary: 'An address to which one file can be uploaded without a key',
  description:
    'Holds the size of the quota until the upload is committed or its time is over. Send the content to the address before its time is over, then commit.',
  auth: 'file:write',
  idempotencyKey: 'required',
  isTraffic: true,
  input: {
    ...noInput,
    params: byProject,
    body: z.strictObject({
      name: fileName,
      size: sizeField,
      contentType: typeField.default('application/octet-stream'),
      expiresSeconds: secondsField,
    }),
  },
  outputs: {
    200: z
      .object({ upload: z.string().describe('Names the upload'), replayed: replayedField, ...addressFields })
      .meta({ id: 'FileUpload' }),
  },
  problems: ['file_quota_exceeded', 'conflict'],
  examples: [
    {
      title: 'A recording',
      params: current,
      body: { name: example.name, size: example.size, contentType: 'audio/wav', expiresSeconds: 900 },
      status: 200,
      response: {
        upload: exampleUpload,
        replayed: false,
        url: 'https://core.example/v1/storage/core1.5f0c71aa.…',
        method: 'PUT',
        requestHeaders: { 'content-type': 'audio/wav' },
        expiresAt: '2026-11-20T09:45:00+00:00',
      },
    },
  ],
})

export const commitUpload = defineRoute({
  ...files,
  operation: 'commitUpload',
  method: 'PUT',
  path: '/v1/projects/{project}/uploads/{upload}',
  summary: 'Make the file of an upload whose content is sent',
  description: 'It replaces a file of the same name. What has another size than was announced is refused.',
  auth: 'file:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: byUpload },
  outputs: { 200: fileSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'The file',
      params: { ...current, upload: exampleUpload },
      body: {},
      status: 200,
      response: { ...example, sha256: null },
    },
  ],
})

export const abortUpload = defineRoute({
  ...files,
  operation: 'abortUpload',
  method: 'DELETE',
  path: '/v1/projects/{project}/uploads/{upload}',
  summary: 'End an upload and give its quota back',
  auth: 'file:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params: byUpload },
  outputs: {
    200: z.object({ ended: z.boolean().describe('false: it had ended or was committed') }).meta({ id: 'EndedUpload' }),
  },
  problems: [],
  examples: [{ title: 'Ended', params: { ...current, upload: exampleUpload }, status: 200, response: { ended: true } }],
})
