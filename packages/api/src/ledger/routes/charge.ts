import { z } from 'zod'
import { accountField, amountField, metadataField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

export const chargeCredits = defineRoute({
  operation: 'chargeCredits',
  method: 'POST',
  path: '/v1/projects/{project}/charges',
  noun: 'charges',
  summary: 'Spend at once what is known beforehand',
  description: 'Never makes the balance negative. For work whose cost is not known yet, reserve a hold.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({ account: accountField, amount: amountField, metadata: metadataField.default({}) }),
  },
  outputs: {
    201: z
      .object({ account: z.string().describe('The code of the account'), charged: amountField, ...postingFields })
      .meta({ id: 'Charge' }),
  },
  problems: ['insufficient_credits', 'budget_exhausted', 'account_not_found', 'account_frozen'],
  examples: [
    {
      title: 'Half a credit',
      params: { project: 'current' },
      body: { account: 'smart_layer', amount: 500_000 },
      status: 201,
      response: { account: 'smart_layer', charged: 500_000, ...postingExample },
    },
  ],
})
