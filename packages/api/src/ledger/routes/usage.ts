import { z } from 'zod'
import { accountField, amountOrZeroField, projectField, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

const bucket = z.enum(['hour', 'day', 'week', 'month']).describe('How long each bucket is')

export const getUsage = defineRoute({
  operation: 'getUsage',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/usage',
  noun: 'accounts',
  summary: 'What an account was charged, per hour, day, week or month',
  description:
    'Buckets begin in UTC; those without a charge or refund are left out. At most 1000. Of a pool it is what all draw on it together.',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, code: accountField }),
    query: z.strictObject({
      from: timestampField.optional().describe('From this RFC 3339 instant on; left out: 30 days before to'),
      to: timestampField.optional().describe('Before this RFC 3339 instant; left out: now'),
      bucket: bucket.default('day').describe('hour, day, week or month'),
    }),
  },
  outputs: {
    200: z
      .object({
        account: z.string().describe('The code of the account'),
        bucket,
        from: timestampField,
        to: timestampField,
        usage: z
          .array(
            z.object({
              start: timestampField,
              charged: amountOrZeroField,
              refunded: amountOrZeroField,
              uncollected: amountOrZeroField.describe('Used, but not charged'),
              charges: z.int().describe('How many'),
            }),
          )
          .describe('The buckets, the oldest first'),
      })
      .meta({ id: 'Usage' }),
  },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'One day',
      params: { project: 'current', code: 'smart_layer' },
      status: 200,
      response: {
        account: 'smart_layer',
        bucket: 'day',
        from: '2026-11-20T00:00:00+00:00',
        to: '2026-11-21T00:00:00+00:00',
        usage: [
          { start: '2026-11-20T00:00:00+00:00', charged: 80_500_000, refunded: 250_000, uncollected: 0, charges: 161 },
        ],
      },
    },
  ],
})
