import { z } from 'zod'
import { etagField, replayedField, timestampField } from '../../contract/field.ts'
import { scopeNames } from '../../contract/scope.ts'

const scopes = z.array(z.enum(scopeNames)).min(1).max(100).describe('What the key may do')

const keyFields = {
  id: z.uuid().describe('The id of the key'),
  project: z.string().nullable().describe('null: a key of the whole system'),
  name: z.string().describe('What uses the key'),
  hint: z.string().describe('Its first characters'),
  scopes,
  status: z.enum(['active', 'expired', 'disabled']).describe('Its present state'),
  createdBy: z.string().describe('Who created it'),
  createdAt: timestampField,
  expiresAt: timestampField.nullable(),
  disabledAt: timestampField.nullable().describe('It can be enabled again, unless it was revoked'),
  revokedAt: timestampField.nullable().describe('Ended for good'),
  lastUsedAt: timestampField.nullable(),
  replacedBy: z.uuid().nullable().describe('The id of the key that replaces this one; null: none'),
  etag: etagField,
}
export const keySchema = z.object(keyFields).meta({ id: 'ApiKey' })

export const newKeySchema = z
  .object({
    secret: z.string().nullable().describe('The key itself, this once. null in a replay: only its hash is kept'),
    ...keyFields,
    replayed: replayedField,
  })
  .meta({ id: 'CreatedApiKey' })

export const rerolledKeySchema = newKeySchema
  .extend({ replaces: z.uuid().describe('The id of the key that this one replaces'), overlapEndsAt: timestampField })
  .meta({ id: 'RerolledApiKey' })

const mode = z.enum(['live', 'test']).default('live').describe('A mark for people and scanners; both allow the same')

export const keyIdExample = '019ab2c4-0000-7000-8000-000000000000'
export const keyExample = {
  id: keyIdExample,
  project: 'smart_layer',
  name: 'worker',
  hint: 'ck_live_7Qf2',
  scopes: ['ledger:read', 'ledger:spend'],
  status: 'active',
  createdBy: 'key:019ab2c4-0000-7000-8000-000000000001',
  createdAt: '2026-11-20T09:30:00+00:00',
  expiresAt: null,
  disabledAt: null,
  revokedAt: null,
  lastUsedAt: null,
  replacedBy: null,
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}
export const secretExample = 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40AbC1d'

const keyNameField = z.string().min(1).max(100).describe('What uses the key, 1 to 100 characters')

export const newKeyFields = z.strictObject({
  name: keyNameField,
  scopes: scopes.optional().describe("Left out: a project's defaults, to spend and to look"),
  expiresAt: timestampField.optional(),
  mode,
})

export const rerollFields = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(2_592_000)
    .default(3600)
    .describe('How long the old key still works, 0 to 2592000 (30 days)'),
  mode,
})

export const keyChanges = z.strictObject({
  name: keyNameField.optional(),
  enabled: z.boolean().optional().describe('false refuses the key until it is true again; true needs what the key may'),
  expiresAt: timestampField.nullable().optional().describe('null: never. Later than now needs what the key may'),
  addDefaultScopes: z
    .boolean()
    .optional()
    .describe('true adds the scopes that a new key gets, those of a later version included; none is taken away'),
})
