import { z } from 'zod'
import {
  accountField,
  amountOrZeroField,
  etagField,
  nameField,
  numberCursor,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { budgetExample, budgetSchema, postingExample, postingFields } from '../answer.ts'

const period = z
  .enum(['hour', 'day', 'week', 'month', 'total'])
  .describe('How long each window of the budget is; total never ends')
const project = z.strictObject({ project: projectField })
const ofAccount = z.strictObject({ project: projectField, code: accountField })
const name = nameField(100).describe("The budget's name, 1 to 100 characters, not . or ..")
const ofBudget = z.strictObject({ project: projectField, code: accountField, budget: name })

const listedSchema = budgetSchema.extend({ etag: etagField }).meta({ id: 'ListedBudget' })
const etag = '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a'

export const listBudgets = defineRoute({
  operation: 'listBudgets',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/budgets',
  noun: 'budgets',
  summary: 'Every budget that binds an account, its own and those above it',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: ofAccount },
  outputs: {
    200: pageOf(listedSchema),
  },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'The daily allowance',
      params: { project: 'current', code: 'smart_layer' },
      status: 200,
      response: { data: [{ ...budgetExample, etag }], page: { next: null } },
    },
  ],
})

const setSchema = z
  .object({
    account: z.string().describe('The code of the account'),
    budget: z.string().describe('The name of the budget'),
    limit: amountOrZeroField.nullable(),
    etag: etagField.nullable(),
    ...postingFields,
  })
  .meta({ id: 'BudgetSet' })

export const setBudget = defineRoute({
  operation: 'setBudget',
  method: 'PUT',
  path: '/v1/projects/{project}/accounts/{code}/budgets/{budget}',
  noun: 'budgets',
  summary: 'Set a cap per period',
  description:
    'The present period keeps what it has counted. Period and time zone are fixed for the life of a budget. If-Match takes the etag of this budget in the list.',
  auth: 'ledger:budget',
  idempotencyKey: 'optional',
  conditional: 'edit',
  input: {
    ...noInput,
    params: ofBudget,
    body: z.strictObject({
      period,
      limit: amountOrZeroField,
      timeZone: z.string().max(100).default('UTC').describe('An IANA name such as UTC or Europe/Berlin'),
      carryCap: amountOrZeroField.default(0).describe('How much unused cap rolls over into the next period'),
      floor: amountOrZeroField.default(0).describe('What rebalancing leaves to it'),
      alertBasisPoints: z
        .array(z.int().min(1).max(100_000))
        .max(10)
        .default([8000, 10_000])
        .describe('When to raise an alert; 8000 is 80 % of the limit'),
    }),
  },
  outputs: { 200: setSchema },
  problems: ['account_not_found', 'conflict'],
  examples: [
    {
      title: 'A hundred credits a day',
      params: { project: 'smart_layer', code: 'smart_layer', budget: 'daily' },
      body: { period: 'day', limit: 100_000_000 },
      status: 200,
      response: { account: 'smart_layer', budget: 'daily', limit: 100_000_000, etag, ...postingExample },
    },
  ],
})

export const removeBudget = defineRoute({
  operation: 'removeBudget',
  method: 'DELETE',
  path: '/v1/projects/{project}/accounts/{code}/budgets/{budget}',
  noun: 'budgets',
  summary: 'Remove a budget',
  description: 'It binds nothing from now on. Set again with the same period, it counts on from where it was.',
  auth: 'ledger:budget',
  idempotencyKey: 'optional',
  conditional: 'edit',
  input: { ...noInput, params: ofBudget },
  outputs: { 200: setSchema },
  problems: ['account_not_found', 'conflict'],
  examples: [
    {
      title: 'Without a daily cap',
      params: { project: 'smart_layer', code: 'smart_layer', budget: 'daily' },
      status: 200,
      response: { account: 'smart_layer', budget: 'daily', limit: null, etag: null, ...postingExample },
    },
  ],
})

const alertSchema = z
  .object({
    id: z.int().describe('The number of the alert'),
    kind: z
      .enum(['threshold', 'uncollected'])
      .describe('threshold: a budget has crossed one. uncollected: not all that was used of a hold could be charged'),
    account: z.string().describe('The code of the account'),
    budget: z.string().nullable().describe('The name of the budget; null: the alert is about a hold'),
    period: period.nullable(),
    periodStart: timestampField.nullable(),
    limit: amountOrZeroField.nullable(),
    thresholdBasisPoints: z.int().nullable().describe('The threshold that was crossed, in basis points of the limit'),
    spent: amountOrZeroField.nullable(),
    hold: z.string().nullable().describe('The id of the hold; null: the alert is about a budget'),
    uncollected: amountOrZeroField.nullable().describe('Used of the hold, but not charged'),
    tx: z.int().describe('The number of the journal row'),
    at: timestampField,
  })
  .meta({ id: 'Alert' })

export const listAlerts = defineRoute({
  operation: 'listAlerts',
  method: 'GET',
  path: '/v1/projects/{project}/alerts',
  noun: 'alerts',
  summary: 'Thresholds that were crossed and holds not charged in full, oldest first, each exactly once',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: project, query: z.strictObject(pageFields(numberCursor(1))) },
  outputs: { 200: pageOf(alertSchema) },
  problems: [],
  examples: [
    {
      title: 'Four fifths are spent',
      params: { project: 'current' },
      status: 200,
      response: {
        data: [
          {
            id: 1,
            kind: 'threshold',
            account: 'smart_layer',
            budget: 'daily',
            period: 'day',
            periodStart: '2026-11-20T00:00:00+00:00',
            limit: 100_000_000,
            thresholdBasisPoints: 8000,
            spent: 80_500_000,
            hold: null,
            uncollected: null,
            tx: 212,
            at: '2026-11-20T14:02:11+00:00',
          },
        ],
        page: { next: null },
      },
    },
  ],
})
