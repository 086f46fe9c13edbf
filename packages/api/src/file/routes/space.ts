import { z } from 'zod'
import { projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { byProject, current, files, sizeField } from '../file-fields.ts'

const spaceSchema = z
  .object({
    quotaBytes: z.int().describe('What the files of the project may take'),
    usedBytes: z.int().describe('What they take'),
    heldBytes: z.int().describe('What uploads that are open hold'),
    fileCount: z.int().describe('How many there are'),
  })
  .meta({ id: 'FileSpace' })
const exampleSpace = { quotaBytes: 10_737_418_240, usedBytes: 320_044, heldBytes: 0, fileCount: 1 }

export const getFileQuota = defineRoute({
  ...files,
  operation: 'getFileQuota',
  method: 'GET',
  path: '/v1/projects/{project}/file-quota',
  summary: 'What the files of a project take, and what they may',
  auth: 'file:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: byProject },
  outputs: { 200: spaceSchema },
  problems: [],
  examples: [{ title: 'One file', params: current, status: 200, response: exampleSpace }],
})

export const setFileQuota = defineRoute({
  ...files,
  operation: 'setFileQuota',
  method: 'PUT',
  path: '/v1/file-quotas/{name}',
  summary: 'Set what the files of a project may take; for the owner',
  auth: 'file:operate',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ name: projectField.describe('The project') }),
    body: z.strictObject({ bytes: sizeField }),
  },
  outputs: { 200: spaceSchema },
  problems: ['not_found'],
  examples: [
    {
      title: 'Ten gibibytes',
      params: { name: 'smart_layer' },
      body: { bytes: 10_737_418_240 },
      status: 200,
      response: exampleSpace,
    },
  ],
})

export const moveFiles = defineRoute({
  ...files,
  operation: 'moveFiles',
  method: 'POST',
  path: '/v1/files/move',
  summary: 'Move files of all projects to the present store; for the owner',
  description:
    'After a change of the store: copies up to ten files from the stores of CORE_STORAGE_READ_ALSO, checks each by its sha256, and deletes the old content. Repeat with the answer’s next as after until it is null.',
  auth: 'file:operate',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    body: z.strictObject({
      after: z
        .string()
        .min(1)
        .max(900)
        .optional()
        .describe('The next of the answer before; left out, from the first file'),
    }),
  },
  outputs: {
    200: z
      .object({
        moved: z.int().describe('How many files were moved'),
        bytes: z.int().describe('What they have together'),
        missing: z.int().describe('How many are in a store that is not configured, or are not there'),
        next: z.string().nullable().describe('Where the next call continues; null: all were looked at'),
      })
      .meta({ id: 'MovedFiles' }),
  },
  problems: ['conflict', 'not_found'],
  examples: [
    {
      title: 'All of them',
      body: {},
      status: 200,
      response: { moved: 3, bytes: 960_132, missing: 0, next: null },
    },
  ],
})
