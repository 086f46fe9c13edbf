import { z } from 'zod'
import { accountField, amountOrZeroField, balanceField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

const moveSchema = z.object({
  account: z.string().describe('The code of the account'),
  from: amountOrZeroField.describe('The cap before'),
  to: amountOrZeroField.describe('The cap from now on, until the period ends'),
  moved: balanceField.describe('to - from; all of them sum to zero'),
})

export const rebalanceBudgets = defineRoute({
  operation: 'rebalanceBudgets',
  method: 'POST',
  path: '/v1/projects/{project}/rebalances',
  noun: 'budgets',
  summary: 'Move the unused cap of a budget between the children of an account',
  description:
    'Of the present period, never money. No account falls below what is used already or below the floor of the budget.',
  auth: 'ledger:budget',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      parent: accountField,
      budget: z.string().min(1).max(100).describe('The name its children’s budgets share, 1 to 100 characters'),
      policy: z.literal('fair').default('fair').describe('fair: everybody has the same rest afterwards'),
      dryRun: z.boolean().default(false).describe('true: only list what would move'),
    }),
  },
  outputs: {
    200: z
      .object({
        parent: z.string().describe('The code of the account whose children were balanced'),
        budget: z.string().describe('The name of the budget'),
        total: amountOrZeroField.describe('The sum of all caps; the same before and after'),
        dryRun: z.boolean().describe('true: nothing was moved'),
        moves: z.array(moveSchema).describe('Each move of budget between accounts'),
        ...z.object(postingFields).partial().shape,
      })
      .meta({ id: 'Rebalance', description: 'A dry run has no tx and no balance' }),
  },
  problems: ['account_not_found', 'conflict'],
  examples: [
    {
      title: 'One sibling has spent most of its cap, the other nothing',
      params: { project: 'pool' },
      body: { parent: 'pool', budget: 'daily' },
      status: 200,
      response: {
        parent: 'pool',
        budget: 'daily',
        total: 200_000_000,
        dryRun: false,
        moves: [
          { account: 'smart_layer', from: 100_000_000, to: 145_000_000, moved: 45_000_000 },
          { account: 'manus_origin', from: 100_000_000, to: 55_000_000, moved: -45_000_000 },
        ],
        ...postingExample,
        budgets: [],
      },
    },
  ],
})
