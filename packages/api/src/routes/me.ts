import { z } from 'zod'
import { capabilities } from '../capability.ts'
import { timestampField } from '../field.ts'
import { defineRoute, noInput } from '../route-contract.ts'

export const getMe = defineRoute({
  operation: 'getMe',
  method: 'GET',
  path: '/v1/me',
  noun: 'me',
  summary: 'Who the credential is and what it may do',
  auth: 'authenticated',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z
      .object({
        subject: z.string().describe('As journals name it'),
        project: z.string().nullable().describe('null for the owner, who may act for any project'),
        scopes: z.array(z.enum(capabilities)),
        expiresAt: timestampField.nullable(),
      })
      .meta({ id: 'Me' }),
  },
  problems: [],
  examples: [
    {
      title: "A project's key",
      status: 200,
      response: {
        subject: 'key:019ab2c4-0000-7000-8000-000000000000',
        project: 'smart_layer',
        scopes: ['project:read', 'flag:read', 'ledger:read', 'ledger:spend', 'ledger:account'],
        expiresAt: null,
      },
    },
  ],
})
