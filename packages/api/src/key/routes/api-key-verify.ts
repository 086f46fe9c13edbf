import { z } from 'zod'
import { projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { scopeNames } from '../../contract/scope.ts'
import { keyExample, keySchema, secretExample } from './api-key-fields.ts'

export const verifyApiKey = defineRoute({
  operation: 'verifyApiKey',
  method: 'POST',
  path: '/v1/api-keys/verify',
  noun: 'api-keys',
  summary: 'Whether a key is good, and for a scope',
  description:
    'For services that take keys of Core themselves. It changes nothing; it is a POST so that the key appears in no address or log. A key of a project that the caller may not act for is not found, like one that does not exist.',
  auth: 'key:read',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: {
    ...noInput,
    body: z.strictObject({
      key: z.string().min(1).max(200).describe('The key itself, as its holder sent it'),
      scope: z.enum(scopeNames).optional().describe('What it must be allowed to do, such as ledger:spend'),
      project: projectField.optional().describe('Only keys of this project; needed by a person who has several'),
    }),
  },
  outputs: {
    200: z
      .object({
        valid: z.boolean().describe('Whether the key is valid and has the scope'),
        code: z
          .enum(['valid', 'not_found', 'expired', 'disabled', 'insufficient_scope'])
          .describe('valid, or why it is not'),
        key: keySchema.nullable().describe('The key; null where it is unknown'),
      })
      .meta({ id: 'KeyVerdict' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'A good key',
      body: { key: secretExample, scope: 'ledger:spend' },
      status: 200,
      response: { valid: true, code: 'valid', key: keyExample },
    },
  ],
})
