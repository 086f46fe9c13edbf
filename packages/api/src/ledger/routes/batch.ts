import { z } from 'zod'
import {
  accountField,
  amountField,
  amountOrZeroField,
  holdField,
  metadataField,
  overField,
  projectField,
  ttlSecondsField,
} from '../../contract/field.ts'
import { faultSchema } from '../../contract/problem.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { problems } from '../../nouns.ts'
import { postingExample } from '../answer.ts'
import { transactionField } from './refund.ts'
import { transferModeField } from './transfer.ts'

const key = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe("The operation's own idempotency key, 1 to 200 characters; left out: the header's, a colon, and its index")
const metadata = metadataField.default({})
const reason = z.string().max(1000).optional().describe('Why, at most 1000 characters; kept with the record')

/** The operations of a batch, with the fields of the routes that do the same one by one. */
export const batchOperation = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('reserve').describe('The kind of operation'),
    key,
    account: accountField,
    amount: amountField,
    min: amountField.optional(),
    ttlSeconds: ttlSecondsField,
    over: overField.default('cap'),
    hold: z.uuid().optional().describe('An id of your own, so that a later operation can settle it'),
    metadata,
  }),
  z.strictObject({
    op: z.literal('settle').describe('The kind of operation'),
    key,
    hold: holdField,
    amount: amountOrZeroField.optional(),
    metadata,
  }),
  z.strictObject({ op: z.literal('void').describe('The kind of operation'), key, hold: holdField, reason }),
  z.strictObject({
    op: z.literal('charge').describe('The kind of operation'),
    key,
    account: accountField,
    amount: amountField,
    metadata,
  }),
  z.strictObject({
    op: z.literal('extend').describe('The kind of operation'),
    key,
    hold: holdField,
    add: amountOrZeroField.default(0),
    min: amountOrZeroField.optional(),
    ttlSeconds: ttlSecondsField,
  }),
  z.strictObject({
    op: z.literal('capture').describe('The kind of operation'),
    key,
    hold: holdField,
    amount: amountField,
  }),
  z.strictObject({
    op: z.literal('grant').describe('The kind of operation'),
    key,
    account: accountField,
    amount: amountField,
    reason,
    metadata,
  }),
  z.strictObject({
    op: z.literal('transfer').describe('The kind of operation'),
    key,
    from: accountField,
    to: accountField,
    amount: amountField,
    mode: transferModeField,
  }),
  z.strictObject({
    op: z.literal('refund').describe('The kind of operation'),
    key,
    tx: transactionField,
    amount: amountField.optional(),
  }),
])
export type BatchOperation = z.output<typeof batchOperation>

const accepted = z.looseObject({
  ok: z.literal(true).describe('Whether the operation was applied'),
  tx: z.int().describe('The number of the journal row'),
  replayed: z.boolean().describe('true: this key was accepted before and this is the first answer'),
})
const refused = z.looseObject({
  ok: z.literal(false).describe('Whether the operation was applied'),
  code: z.enum([...Object.keys(problems), 'not_applied']).describe('As the route of this operation would answer'),
  detail: z.string().describe('What is wrong with this request'),
  reason: z.string().optional().describe('Why it was refused, as one word'),
  fix: z.string().optional().describe('What to do about it'),
  errors: z.array(faultSchema).optional().describe('Each fault of the input'),
})

export const runBatch = defineRoute({
  operation: 'runBatch',
  method: 'POST',
  path: '/v1/projects/{project}/batches',
  noun: 'batches',
  summary: 'Up to 1,000 operations in one call, each with a result of its own',
  description:
    'In order; an operation may use a hold that an earlier one of the same batch reserved. One that is denied leaves its neighbours alone, unless atomic. A batch with a malformed operation is refused as a whole. grant and refund need the scope ledger:grant; all accounts are of this project.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      ops: z.array(batchOperation).min(1).max(1000).describe('1 to 1000 operations'),
      atomic: z.boolean().default(false).describe('true: all or nothing'),
    }),
  },
  outputs: {
    200: z
      .object({
        results: z.array(z.union([accepted, refused])).describe('One per operation, in order; the fields of its route'),
      })
      .meta({ id: 'BatchResults' }),
  },
  problems: ['batch_denied'],
  examples: [
    {
      title: 'Two charges, one of them too large',
      params: { project: 'current' },
      body: {
        ops: [
          { op: 'charge', key: 'job-1', account: 'smart_layer', amount: 500_000 },
          { op: 'charge', key: 'job-2', account: 'smart_layer', amount: 9_000_000_000 },
        ],
      },
      status: 200,
      response: {
        results: [
          { ok: true, account: 'smart_layer', charged: 500_000, ...postingExample },
          {
            ok: false,
            code: 'insufficient_credits',
            detail: 'smart_layer has 997500000 micro-credits available; 9000000000 were asked for',
            account: 'smart_layer',
            available: 997_500_000,
            requested: 9_000_000_000,
          },
        ],
      },
    },
  ],
})
