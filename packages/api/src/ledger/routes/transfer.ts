import { z } from 'zod'
import { accountField, amountField, amountOrZeroField, balanceField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

export const transferModeField = z
  .enum(['exact', 'up_to'])
  .default('exact')
  .describe('exact: all or nothing. up_to: as much of it as is available')

export const transferCredits = defineRoute({
  operation: 'transferCredits',
  method: 'POST',
  path: '/v1/projects/{project}/transfers',
  noun: 'transfers',
  summary: 'Move credits between two accounts',
  description:
    'From an account of this project; the owner may name one of another project as the receiver. Both must have credits of their own. Budgets cap spending and are not touched.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({ from: accountField, to: accountField, amount: amountField, mode: transferModeField }),
  },
  outputs: {
    201: z
      .object({
        from: z.string().describe('The code of the account that pays'),
        to: z.string().describe('The code of the account that receives'),
        moved: amountField,
        ...postingFields,
        toBalance: z
          .object({ settled: balanceField, held: amountOrZeroField, available: balanceField })
          .describe('The balance of the receiver; the other figures are of the giver'),
      })
      .meta({ id: 'Transfer' }),
  },
  problems: ['insufficient_credits', 'account_not_found', 'account_frozen'],
  examples: [
    {
      title: 'The owner funds a project from the pool',
      params: { project: 'pool' },
      body: { from: 'pool', to: 'research', amount: 10_000_000 },
      status: 201,
      response: {
        from: 'pool',
        to: 'research',
        moved: 10_000_000,
        ...postingExample,
        budgets: [],
        toBalance: { settled: 10_000_000, held: 0, available: 10_000_000 },
      },
    },
  ],
})
