import { z } from 'zod'
import { amountOrZeroField, balanceField, replayedField, timestampField } from '../contract/field.ts'

/** One window of a budget, as every answer that touches it shows it. */
export const budgetSchema = z
  .object({
    budget: z.string().describe('The name of the budget'),
    account: z.string().describe('Whose budget it is: the account itself or one above it'),
    period: z.enum(['hour', 'day', 'week', 'month', 'total']).describe('How long each window of the budget is'),
    limit: balanceField.describe('Of this period, with what was carried over or moved'),
    spent: amountOrZeroField,
    held: amountOrZeroField,
    rest: balanceField,
    periodStart: timestampField.nullable(),
    resetsAt: timestampField.nullable().describe('null for a total'),
  })
  .meta({ id: 'Budget' })

/** The balance of an account. */
export const balanceFields = {
  settled: balanceField.describe('What was granted less what was charged'),
  held: amountOrZeroField.describe('Set aside by open holds'),
  available: balanceField.describe('settled - held + overdraft: what can still be reserved'),
  budgets: z.array(budgetSchema).describe('Every budget that binds, of the account and of those above it'),
}

/** What every accepted posting answers with. */
export const postingFields = {
  ...balanceFields,
  tx: z.int().describe('The number of the journal row'),
  replayed: replayedField,
}

export const budgetExample = {
  budget: 'daily',
  account: 'smart_layer',
  period: 'day',
  limit: 100_000_000,
  spent: 0,
  held: 2_500_000,
  rest: 97_500_000,
  periodStart: '2026-11-20T00:00:00+00:00',
  resetsAt: '2026-11-21T00:00:00+00:00',
}

export const postingExample = {
  settled: 1_000_000_000,
  held: 2_500_000,
  available: 997_500_000,
  budgets: [budgetExample],
  tx: 7,
  replayed: false,
}
