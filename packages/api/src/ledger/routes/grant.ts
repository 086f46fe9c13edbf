import { z } from 'zod'
import { accountField, amountField, metadataField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

export const grantCredits = defineRoute({
  operation: 'grantCredits',
  method: 'POST',
  path: '/v1/projects/{project}/grants',
  noun: 'grants',
  summary: 'Issue new credits to an account',
  auth: 'ledger:grant',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      account: accountField,
      amount: amountField,
      reason: z.string().max(1000).optional().describe('Why, at most 1000 characters; kept with the record'),
      metadata: metadataField.default({}),
    }),
  },
  outputs: {
    201: z
      .object({ account: z.string().describe('The code of the account'), amount: amountField, ...postingFields })
      .meta({ id: 'Grant' }),
  },
  problems: ['account_not_found', 'account_frozen'],
  examples: [
    {
      title: 'A thousand credits for the pool',
      params: { project: 'pool' },
      body: { account: 'pool', amount: 1_000_000_000, reason: 'november' },
      status: 201,
      response: { account: 'pool', amount: 1_000_000_000, ...postingExample, budgets: [] },
    },
  ],
})
