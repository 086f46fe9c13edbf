import { z } from 'zod'
import { accountField, amountOrZeroField, projectField, queryInteger, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

const bucket = z
  .enum(['hour', 'day', 'week', 'month', 'total'])
  .describe('hour, day, week or month by the clocks of timeZone; total is one for the whole range')
const instantOrDay = z.union([timestampField, z.iso.date()])
const by = z
  .string()
  .regex(/^[^,]{1,100}(,[^,]{1,100}){0,3}$/)
  .describe('Up to four names with commas between them: account, user, or a key of the metadata such as model or tag')

export const getUsage = defineRoute({
  operation: 'getUsage',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}/usage',
  noun: 'accounts',
  summary: 'What an account was charged, per bucket of time and per account, user, model or tag',
  description:
    'With all accounts below it. Buckets and groups without a charge or refund are left out; within a bucket the highest charge comes first. A key of the metadata is that of the settle, else of the reserve; tag is also each of tags, so that a charge with several counts under each. At most 1100 days and 1000 buckets. Pages of a range that is over are exact. As CSV with format=csv or Accept: text/csv; then Link has the next page.',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, code: accountField }),
    query: z.strictObject({
      from: instantOrDay
        .optional()
        .describe('From this RFC 3339 instant or day (2026-11-20) on; left out: 30 days before to'),
      to: instantOrDay.optional().describe('Before this RFC 3339 instant or day; left out: now'),
      bucket: bucket.default('day'),
      timeZone: z.string().min(1).max(100).default('UTC').describe('An IANA name such as UTC or Europe/Berlin'),
      children: z
        .enum(['true', 'false'])
        .default('true')
        .describe('false: only what the account itself was charged, without the accounts below it'),
      by: by.optional(),
      limit: queryInteger(1, 1000).default(1000).describe('Groups per page, 1 to 1000'),
      cursor: z.string().max(100).optional().describe('page.next of the page before'),
      format: z.enum(['json', 'csv']).optional().describe('csv: a table (RFC 4180) with amounts in micro-credits'),
    }),
  },
  outputs: {
    200: z
      .object({
        account: z.string().describe('The code of the account'),
        bucket,
        from: timestampField,
        to: timestampField,
        timeZone: z.string().describe('By whose clocks buckets begin'),
        children: z.boolean().describe('Whether the accounts below it are included'),
        by: z.array(z.string()).describe('What each group is of'),
        usage: z
          .array(
            z.object({
              start: timestampField,
              group: z.array(z.string().nullable()).describe('The value for each of by, in its order; null for none'),
              charged: amountOrZeroField,
              refunded: amountOrZeroField,
              uncollected: amountOrZeroField.describe('Used, but not charged'),
              charges: z.int().describe('How many'),
            }),
          )
          .describe('The buckets, the oldest first'),
        page: z
          .object({ next: z.string().nullable().describe('The cursor of the next page; null on the last one') })
          .describe('Where the next page begins'),
      })
      .meta({ id: 'Usage' }),
  },
  alsoProduces: 'text/csv',
  problems: ['account_not_found'],
  examples: [
    {
      title: 'The users of one day',
      params: { project: 'current', code: 'smart_layer' },
      query: { from: '2026-11-20', to: '2026-11-21', bucket: 'total', by: 'user' },
      status: 200,
      response: {
        account: 'smart_layer',
        bucket: 'total',
        from: '2026-11-20T00:00:00+00:00',
        to: '2026-11-21T00:00:00+00:00',
        timeZone: 'UTC',
        children: true,
        by: ['user'],
        usage: [
          {
            start: '2026-11-20T00:00:00+00:00',
            group: ['ann@example.com'],
            charged: 80_500_000,
            refunded: 250_000,
            uncollected: 0,
            charges: 161,
          },
        ],
        page: { next: null },
      },
    },
  ],
})
