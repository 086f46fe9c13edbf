import { z } from 'zod'
import { amountField, amountOrZeroField, holdField, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

export const transactionField = z.int().min(1).describe('The tx that charge, capture, settle or a report answered with')

export const refundCharge = defineRoute({
  operation: 'refundCharge',
  method: 'POST',
  path: '/v1/projects/{project}/refunds',
  noun: 'refunds',
  summary: 'Give back a charge, whole or in part',
  description:
    'To the account it came from and the budgets it counted in. amount left out gives back what is left of it; in all never more than was charged.',
  auth: 'ledger:grant',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({ tx: transactionField, amount: amountField.optional() }),
  },
  outputs: {
    201: z
      .object({
        account: z.string().describe('The code of the account'),
        refunded: amountField,
        refunds: z.int().describe('The tx of the charge'),
        left: amountOrZeroField.describe('What is still left to refund'),
        ...postingFields,
      })
      .meta({ id: 'Refund' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'Half of it',
      params: { project: 'smart_layer' },
      body: { tx: 6, amount: 250_000 },
      status: 201,
      response: { account: 'smart_layer', refunded: 250_000, refunds: 6, left: 250_000, ...postingExample },
    },
  ],
})

export const refundHold = defineRoute({
  operation: 'refundHold',
  method: 'POST',
  path: '/v1/projects/{project}/holds/{id}/refund',
  noun: 'refunds',
  summary: 'Give back what a hold was charged, whole or in part',
  description:
    'Its captures, its settle and the reports of its lease, the last one first; never what was uncollected. amount left out gives back what is left; in all never more than was charged.',
  auth: 'ledger:grant',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, id: holdField }),
    body: z.strictObject({ amount: amountField.optional() }),
  },
  outputs: {
    201: z
      .object({
        account: z.string().describe('The code of the account'),
        hold: holdField,
        refunded: amountField,
        left: amountOrZeroField.describe('What is still left to refund'),
        refunds: z
          .array(
            z.object({
              tx: z.int().describe('The tx of the refund'),
              refunds: z.int().describe('The tx of the charge'),
              refunded: amountField,
            }),
          )
          .describe('One for each charge that was touched'),
        ...postingFields,
      })
      .meta({ id: 'HoldRefund' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'Half of it',
      params: { project: 'smart_layer', id: '0199f3a2-4b5c-7d8e-9f01-23456789abcd' },
      body: { amount: 250_000 },
      status: 201,
      response: {
        account: 'smart_layer',
        hold: '0199f3a2-4b5c-7d8e-9f01-23456789abcd',
        refunded: 250_000,
        left: 250_000,
        refunds: [{ tx: 7, refunds: 6, refunded: 250_000 }],
        ...postingExample,
      },
    },
  ],
})
