import { z } from 'zod'
import { nameField, projectField, timestampField } from '../contract/field.ts'

export const fileName = nameField(800).describe(
  'The name of the file: segments with / between them, written as %2F in an address',
)
export const sizeField = z.int().min(0).describe('In bytes')
export const secondsField = z
  .int()
  .min(1)
  .max(86_400)
  .default(900)
  .describe('How long the address is good, 1 to 86400 seconds')

export const fileSchema = z
  .object({
    name: z.string().describe('The name of the file'),
    size: sizeField,
    contentType: z.string().describe('Its media type'),
    sha256: z.string().nullable().describe('Of the content, in hex; null where it went to the store directly'),
    etag: z.string().describe('Changes with the content'),
    createdAt: timestampField,
    createdBy: z.string().describe('Who uploaded it'),
  })
  .meta({ id: 'StoredFile' })
export const addressFields = {
  url: z.string().describe('Good without a key until expiresAt, for anyone who has it'),
  method: z.enum(['GET', 'PUT']).describe('The method of the request'),
  requestHeaders: z.record(z.string(), z.string()).describe('Headers that the request must have'),
  expiresAt: timestampField,
}

export const byProject = z.strictObject({ project: projectField })
export const byName = z.strictObject({ project: projectField, name: fileName })
export const files = { noun: 'files' } as const

export const example = {
  name: 'audio/call-1.wav',
  size: 320_044,
  contentType: 'audio/wav',
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  etag: '9f86d081884c7d659a2feaa0c55ad015',
  createdAt: '2026-11-20T09:30:00+00:00',
  createdBy: 'key:019ab2c4-9f00-7000-8000-000000000001',
}
export const current = { project: 'current' }
