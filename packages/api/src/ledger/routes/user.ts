import { z } from 'zod'
import { amountOrZeroField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

const period = z
  .enum(['hour', 'day', 'week', 'month', 'total'])
  .describe('How long each period of the cap is; total never ends')
const timeZone = z
  .string()
  .min(1)
  .max(100)
  .describe('By whose clocks periods begin: an IANA name such as UTC or Europe/Berlin')

export const ensureUser = defineRoute({
  operation: 'ensureUser',
  method: 'PUT',
  path: '/v1/projects/{project}/users',
  noun: 'accounts',
  summary: 'Make sure that an end user has an account with a cap per period',
  description:
    "The account draws on the project's credits; its code is made from the user's name, whatever that holds. Asking for what is there changes nothing (tx null). Another limit replaces the cap of its period, another period is a cap beside it. A cap that the owner has set a project can only lower.",
  auth: 'ledger:account',
  idempotencyKey: 'optional',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      user: z.string().min(1).max(500).describe('Your own id of the user, 1 to 500 characters of any kind'),
      limit: amountOrZeroField,
      period: period.default('month'),
      timeZone: timeZone.default('UTC'),
    }),
  },
  outputs: {
    200: z
      .object({
        user: z.string().describe('Your own id of the user'),
        account: z.string().describe('The code of the account, to reserve and charge on'),
        limit: amountOrZeroField,
        period,
        timeZone,
        ...postingFields,
        tx: z.int().nullable().describe('The number of the journal row; null: all of it was there already'),
      })
      .meta({ id: 'EnsuredUser' }),
  },
  problems: ['account_not_found', 'account_frozen', 'conflict'],
  examples: [
    {
      title: 'Five credits a month',
      params: { project: 'current' },
      body: { user: 'ann@example.com', limit: 5_000_000 },
      status: 200,
      response: {
        user: 'ann@example.com',
        account: 'smart_layer/u:ann@example.com',
        limit: 5_000_000,
        period: 'month',
        timeZone: 'UTC',
        ...postingExample,
      },
    },
  ],
})
