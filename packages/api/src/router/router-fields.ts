import { z } from 'zod'
import { etagField, projectField, timestampField } from '../contract/field.ts'

export const providerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/)
  .describe('The name of a provider, 1 to 50 lowercase letters, digits, _ and -')
const sharedField = z.enum(['true', 'false']).default('false').describe('true: for every project; only the owner may')
export const changed = {
  updatedAt: timestampField,
  updatedBy: z.string().describe('Who changed it last'),
  etag: etagField,
}
export const inProject = z.strictObject({ project: projectField })
export const shared = z.strictObject({ shared: sharedField })
export const removed = z.object({ removed: z.boolean().describe('false: there was none') }).meta({ id: 'Removed' })

export const at = '2026-11-20T09:30:00+00:00'
