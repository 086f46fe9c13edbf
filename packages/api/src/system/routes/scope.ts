import { z } from 'zod'
import { roles } from '../../contract/role.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { capabilities, roleScopes } from '../../contract/scope.ts'
import { scopes } from '../../nouns.ts'

const scope = z.enum(capabilities)

/** What `listScopes` answers: the same for everybody. */
export const scopeCatalog = {
  data: capabilities.map((name) => ({ scope: name, summary: scopes[name].summary })),
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
        data: z.array(z.object({ scope, summary: z.string() })),
        page: z.object({ next: z.null() }),
        roles: z.array(z.object({ role: z.enum(roles), scopes: z.array(scope) })),
      })
      .meta({ id: 'Scopes' }),
  },
  problems: [],
  examples: [{ title: 'All of them', status: 200, response: scopeCatalog }],
})
