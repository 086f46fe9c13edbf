import { z } from 'zod'
import {
  accountField,
  amountField,
  amountOrZeroField,
  holdField,
  metadataField,
  objectField,
  overField,
  projectField,
  timestampField,
  ttlSecondsField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { budgetExample, budgetSchema, postingExample, postingFields } from '../answer.ts'

const byId = z.strictObject({ project: projectField, id: holdField })
const id = '019ab2c4-0000-7000-8000-000000000000'

export const reserveHold = defineRoute({
  operation: 'reserveHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds',
  noun: 'holds',
  summary: 'Set credits aside before work starts',
  description:
    'Grants between min (default: exactly amount) and amount, as much as the balance and every budget leave. Settle or void the hold when the work is done; after ttlSeconds it expires and returns its credits.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      account: accountField,
      amount: amountField,
      min: amountField.optional(),
      ttlSeconds: ttlSecondsField,
      over: overField.default('cap'),
      hold: z.uuid().optional().describe('An id of your own, where you have one'),
      metadata: metadataField.default({}),
    }),
  },
  location: '/v1/projects/{project}/holds/{hold}',
  outputs: {
    201: z
      .object({ hold: holdField, granted: amountField, ...postingFields, expiresAt: timestampField })
      .meta({ id: 'Reservation' }),
  },
  problems: ['insufficient_credits', 'budget_exhausted', 'account_not_found', 'account_frozen', 'conflict'],
  examples: [
    {
      title: 'Two and a half credits',
      params: { project: 'current' },
      body: { account: 'smart_layer', amount: 2_500_000, ttlSeconds: 120, over: 'cap', metadata: {} },
      status: 201,
      response: { hold: id, granted: 2_500_000, ...postingExample, expiresAt: '2026-11-20T09:33:00+00:00' },
    },
  ],
})

export const getHold = defineRoute({
  operation: 'getHold',
  method: 'GET',
  path: '/v1/projects/{project}/holds/{id}',
  noun: 'holds',
  summary: 'Get a hold',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: byId },
  outputs: {
    200: z
      .object({
        hold: holdField,
        account: z.string().describe('The code of the account'),
        status: z.enum(['open', 'settled', 'voided', 'expired', 'settled_late']).describe('Its present state'),
        amount: amountField.describe('What was granted'),
        captured: amountOrZeroField.describe('What was charged within the hold'),
        released: amountOrZeroField.describe('What went back'),
        above: amountOrZeroField.describe('What was charged above the hold, or after it expired'),
        uncollected: amountOrZeroField.describe('Used, but not charged'),
        rest: amountOrZeroField.describe('What is still set aside'),
        over: overField,
        overBasisPoints: z
          .int()
          .describe('How much may be charged above the hold, in basis points of what was granted'),
        metadata: objectField.describe('A JSON object, as it was stored'),
        openedAt: timestampField,
        expiresAt: timestampField,
        closedAt: timestampField.nullable(),
        budgets: z.array(budgetSchema).describe('Every budget that binds, of the account and of those above it'),
      })
      .meta({ id: 'Hold' }),
  },
  problems: [],
  examples: [
    {
      title: 'Open',
      params: { project: 'current', id },
      status: 200,
      response: {
        hold: id,
        account: 'smart_layer',
        status: 'open',
        amount: 2_500_000,
        captured: 0,
        released: 0,
        above: 0,
        uncollected: 0,
        rest: 2_500_000,
        over: 'cap',
        overBasisPoints: 10_000,
        metadata: {},
        openedAt: '2026-11-20T09:31:00+00:00',
        expiresAt: '2026-11-20T09:33:00+00:00',
        closedAt: null,
        budgets: [budgetExample],
      },
    },
  ],
})

export const extendHold = defineRoute({
  operation: 'extendHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds/{id}/extend',
  noun: 'holds',
  summary: 'Renew an open hold, and add to it where the work costs more than thought',
  description:
    'Grants between min (default: exactly add) and add. The hold lives ttlSeconds from now on, or longer where it was promised longer.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byId,
    body: z.strictObject({
      add: amountOrZeroField.default(0),
      min: amountOrZeroField.optional(),
      ttlSeconds: ttlSecondsField,
    }),
  },
  outputs: {
    200: z
      .object({
        hold: holdField,
        granted: amountOrZeroField.describe('What was added'),
        amount: amountField.describe('What was granted to the hold in all'),
        expiresAt: timestampField,
        ...postingFields,
      })
      .meta({ id: 'Extension' }),
  },
  problems: ['insufficient_credits', 'budget_exhausted', 'account_frozen', 'hold_closed'],
  examples: [
    {
      title: 'Half a credit more, and two more minutes',
      params: { project: 'current', id },
      body: { add: 500_000 },
      status: 200,
      response: {
        hold: id,
        granted: 500_000,
        amount: 3_000_000,
        expiresAt: '2026-11-20T09:34:00+00:00',
        ...postingExample,
      },
    },
  ],
})

export const captureHold = defineRoute({
  operation: 'captureHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds/{id}/capture',
  noun: 'holds',
  summary: 'Charge a part of a hold, which stays open with the rest',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: { ...noInput, params: byId, body: z.strictObject({ amount: amountField }) },
  outputs: {
    200: z
      .object({
        hold: holdField,
        charged: amountField,
        captured: amountField.describe('What was charged to the hold in all'),
        rest: amountOrZeroField.describe('What is still set aside'),
        ...postingFields,
      })
      .meta({ id: 'Capture' }),
  },
  problems: ['hold_closed', 'over_capture'],
  examples: [
    {
      title: 'The first page of three',
      params: { project: 'current', id },
      body: { amount: 800_000 },
      status: 200,
      response: { hold: id, charged: 800_000, captured: 800_000, rest: 1_700_000, ...postingExample },
    },
  ],
})

export const settleHold = defineRoute({
  operation: 'settleHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds/{id}/settle',
  noun: 'holds',
  summary: 'Charge what was used, release the rest, close the hold',
  description:
    'amount left out charges the whole hold and flags it estimated. An expired hold can still be settled, once: the provider has billed.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byId,
    body: z.strictObject({ amount: amountOrZeroField.optional(), metadata: metadataField.default({}) }),
  },
  outputs: {
    200: z
      .object({
        hold: holdField,
        status: z.enum(['settled', 'settled_late']).describe('Its present state'),
        charged: amountOrZeroField,
        released: amountOrZeroField,
        uncollected: amountOrZeroField.describe(
          'Used, but not charged: neither balance, budgets nor the bound above the hold left it',
        ),
        flags: z.array(z.string()).describe('late, estimated, overflow, uncollected'),
        ...postingFields,
      })
      .meta({ id: 'Settlement' }),
  },
  problems: ['hold_closed', 'over_capture'],
  examples: [
    {
      title: 'Less than reserved',
      params: { project: 'current', id },
      body: { amount: 1_800_000 },
      status: 200,
      response: {
        hold: id,
        status: 'settled',
        charged: 1_800_000,
        released: 700_000,
        uncollected: 0,
        flags: [],
        ...postingExample,
      },
    },
  ],
})

export const voidHold = defineRoute({
  operation: 'voidHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds/{id}/void',
  noun: 'holds',
  summary: 'Give a hold back whole',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byId,
    body: z.strictObject({
      reason: z.string().max(1000).optional().describe('Why, at most 1000 characters; kept with the record'),
    }),
  },
  outputs: {
    200: z
      .object({
        hold: holdField,
        status: z.literal('voided').describe('Its present state'),
        released: amountField,
        ...postingFields,
      })
      .meta({ id: 'Voided' }),
  },
  problems: ['hold_closed'],
  examples: [
    {
      title: 'The job failed',
      params: { project: 'current', id },
      body: { reason: 'provider refused' },
      status: 200,
      response: { hold: id, status: 'voided', released: 2_500_000, ...postingExample },
    },
  ],
})
