import { z } from 'zod'
import { timestampField } from '../../contract/field.ts'
import { roles } from '../../contract/role.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { scopeNames } from '../../contract/scope.ts'

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
        project: z
          .string()
          .nullable()
          .describe('The project that current means; null for the owner, and for a person with none or several'),
        scopes: z.array(z.enum(scopeNames)).describe('In project; of a person with several, in any of them'),
        roles: z
          .array(
            z.object({
              project: z.string().nullable().describe('The name of the project; null: every project'),
              role: z.enum(roles).describe('The name of the role'),
            }),
          )
          .describe('Of a person, by project; null is every project. Empty for keys'),
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
        roles: [],
        expiresAt: null,
      },
    },
    {
      title: 'A person',
      status: 200,
      response: {
        subject: 'user:6f1c6d3e-1f0b-4a39-9d2c-0b9f6a1e7c55',
        project: 'smart_layer',
        scopes: ['project:read', 'flag:read', 'ledger:read', 'event:read', 'member:read'],
        roles: [{ project: 'smart_layer', role: 'viewer' }],
        expiresAt: '2026-11-20T10:30:00.000+00:00',
      },
    },
  ],
})
