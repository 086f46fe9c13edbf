import { z } from 'zod'
import { pageField } from '../../contract/field.ts'
import { roles } from '../../contract/role.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { roleScopes, scopeNames } from '../../contract/scope.ts'
import { scopes } from '../../nouns.ts'

const scope = z.enum(scopeNames).describe('The name of the scope')

/** What `listScopes` answers: the same for everybody. */
export const scopeCatalog = {
  data: scopeNames.map((name) => ({ scope: name, summary: scopes[name].summary })),
  page: { next: null },
  roles: roles.map((role) => ({ role, scopes: [...roleScopes[role]] })),
}

export const listScopes = defineRoute({
  operation: 'listScopes',
  method: 'GET',
  path: '/v1/scopes',
  noun: 'me',
  summary: 'Every scope there is, and which of them each role has',
  auth: 'authenticated',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z
      .object({
        data: z
          .array(z.object({ scope, summary: z.string().describe('What the scope allows') }))
          .describe('The rows of this page'),
        page: pageField,
        roles: z
          .array(
            z.object({
              role: z.enum(roles).describe('The name of the role'),
              scopes: z.array(scope).describe('The scopes that it has'),
            }),
          )
          .describe('The roles and what each allows'),
      })
      .meta({ id: 'Scopes' }),
  },
  problems: [],
  examples: [{ title: 'All of them', status: 200, response: scopeCatalog }],
})
