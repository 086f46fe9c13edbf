import { z } from 'zod'
import {
  accountField,
  amountOrZeroField,
  numberCursor,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { balanceFields, postingExample } from '../answer.ts'

const byCode = z.strictObject({ project: projectField, code: accountField })

const balanceSchema = z
  .object({
    account: z.string().describe('The code of the account'),
    granted: amountOrZeroField.optional(),
    spent: amountOrZeroField.optional(),
    settled: balanceFields.settled,
    held: balanceFields.held,
    available: balanceFields.available,
    overdraft: amountOrZeroField,
    budgets: balanceFields.budgets.optional(),
    at: timestampField,
  })
  .meta({ id: 'Balance', description: 'granted, spent and budgets are those of now, so a past balance has none' })

export const getBalance = defineRoute({
  operation: 'getBalance',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/balance',
  noun: 'accounts',
  summary: 'Settled, held and available, now or at an instant',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: byCode,
    query: z.strictObject({ at: timestampField.optional().describe('An RFC 3339 instant; left out: now') }),
  },
  outputs: { 200: balanceSchema },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'Now',
      params: { project: 'current', code: 'smart_layer' },
      status: 200,
      response: {
        account: 'smart_layer',
        granted: 1_000_000_000,
        spent: 0,
        settled: postingExample.settled,
        held: postingExample.held,
        available: postingExample.available,
        budgets: postingExample.budgets,
        overdraft: 0,
        at: '2026-11-20T09:31:00+00:00',
      },
    },
  ],
})

const entrySchema = z
  .object({
    tx: z.int().describe('The number of the journal row'),
    op: z.string().describe('What the journal row did'),
    account: z.string().describe('The code of the account'),
    key: z.string().describe('The idempotency key'),
    hold: z.string().nullable().describe('The id of the hold; null: none'),
    amount: amountOrZeroField,
    above: amountOrZeroField.describe('The part of the amount that was charged above its hold'),
    uncollected: amountOrZeroField.describe('Used, but not charged'),
    flags: z.array(z.string()).describe('Marks of the journal row'),
    metadata: z.unknown().describe('A JSON object, as it was stored'),
    actor: z.string().describe('Who made the request'),
    at: timestampField,
    settled: balanceFields.settled.nullable(),
    held: balanceFields.held.nullable(),
    available: balanceFields.available.nullable(),
  })
  .meta({ id: 'HistoryEntry' })

export const getHistory = defineRoute({
  operation: 'getHistory',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/history',
  noun: 'accounts',
  summary: 'What happened to an account, newest first',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: byCode,
    query: z.strictObject({
      ...pageFields(numberCursor(1)),
      op: z.string().max(40).optional().describe('Only this operation: grant, reserve, settle, void, charge …'),
      hold: z.uuid().optional().describe('Only this hold'),
      key: z.string().max(200).optional().describe('Only this idempotency key'),
      since: timestampField.optional().describe('From this RFC 3339 instant on'),
      until: timestampField.optional().describe('Before this RFC 3339 instant'),
    }),
  },
  outputs: { 200: pageOf(entrySchema) },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'The last entry',
      params: { project: 'current', code: 'smart_layer' },
      status: 200,
      response: {
        data: [
          {
            tx: 7,
            op: 'charge',
            account: 'smart_layer',
            key: 'invoice-81',
            hold: null,
            amount: 500_000,
            above: 0,
            uncollected: 0,
            flags: [],
            metadata: {},
            actor: 'key:019ab2c4-0000-7000-8000-000000000000',
            at: '2026-11-20T09:31:00+00:00',
            settled: 999_500_000,
            held: 0,
            available: 999_500_000,
          },
        ],
        page: { next: '7' },
      },
    },
  ],
})
