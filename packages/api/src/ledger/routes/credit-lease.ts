import { z } from 'zod'
import {
  accountField,
  amountField,
  amountOrZeroField,
  metadataField,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { postingExample, postingFields } from '../answer.ts'

const leaseField = z.uuid().describe('The id of a lease, as opening it returned it')
const byId = z.strictObject({ project: projectField, id: leaseField })
const id = '019ab2c4-0000-7000-8000-000000000000'

export const leaseFields = {
  lease: leaseField,
  account: z.string().describe('The code of the account'),
  device: z.string().describe('The device that holds the lease'),
  status: z
    .enum(['open', 'expired', 'returned', 'closed'])
    .describe('expired: time is up, reports are awaited. returned: the unreported rest has gone back'),
  amount: amountField,
  reported: amountOrZeroField.describe('What was reported as spent in all'),
  seq: z.int().describe('The number of the last report; the next one has the next number'),
  flags: z
    .array(z.string())
    .describe(
      'overflow: more was reported than leased. late: after the rest had gone back. uncollected: not all of it was charged',
    ),
  rest: amountOrZeroField.describe('What is still set aside'),
  openedAt: timestampField,
  expiresAt: timestampField.describe('The device stops spending before this'),
  returnsAt: timestampField.describe('The unreported rest goes back then'),
  closedAt: timestampField.nullable(),
  at: timestampField.describe('The time of the database: measure what is left from here'),
}

export const leaseExample = {
  lease: id,
  account: 'smart_layer',
  device: 'laptop-7',
  status: 'open',
  amount: 5_000_000,
  reported: 0,
  seq: 0,
  flags: [],
  rest: 5_000_000,
  openedAt: '2026-11-20T09:31:00+00:00',
  expiresAt: '2026-11-20T10:31:00+00:00',
  returnsAt: '2026-11-21T10:31:00+00:00',
  closedAt: null,
  at: '2026-11-20T09:31:00+00:00',
}

export const openCreditLease = defineRoute({
  operation: 'openCreditLease',
  method: 'POST',
  path: '/v1/projects/{project}/credit-leases',
  noun: 'credit leases',
  summary: 'Set credits aside for a device to spend offline',
  description:
    'At most a fifth of what is available, unless the account allows otherwise, and for 7 days at most. The device keeps a journal and reports it later.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      account: accountField,
      amount: amountField,
      ttlSeconds: z.int().min(1).max(604_800).describe('Seconds until the device may spend no more, 1 to 604800'),
      device: z.string().min(1).max(200).describe('The machine or process that spends, 1 to 200 characters'),
    }),
  },
  location: '/v1/projects/{project}/credit-leases/{lease}',
  outputs: { 201: z.object({ ...leaseFields, ...postingFields }).meta({ id: 'OpenedLease' }) },
  problems: ['insufficient_credits', 'budget_exhausted', 'account_not_found', 'account_frozen', 'lease_limit'],
  examples: [
    {
      title: 'Five credits for an hour',
      params: { project: 'current' },
      body: { account: 'smart_layer', amount: 5_000_000, ttlSeconds: 3600, device: 'laptop-7' },
      status: 201,
      response: { ...leaseExample, ...postingExample },
    },
  ],
})

export const getCreditLease = defineRoute({
  operation: 'getCreditLease',
  method: 'GET',
  path: '/v1/projects/{project}/credit-leases/{id}',
  noun: 'credit leases',
  summary: 'Get a lease',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: byId },
  outputs: { 200: z.object(leaseFields).meta({ id: 'CreditLease' }) },
  problems: [],
  examples: [{ title: 'Open', params: { project: 'current', id }, status: 200, response: leaseExample }],
})

export const reportCreditLease = defineRoute({
  operation: 'reportCreditLease',
  method: 'POST',
  path: '/v1/projects/{project}/credit-leases/{id}/report',
  noun: 'credit leases',
  summary: 'Charge what a device spent of its lease',
  description:
    'Reports are numbered from 1 without a gap. lease and seq together are the key of a report: the same number with the same items replays whatever the Idempotency-Key, with other items it is refused. What was spent is charged even where it is more than the lease or comes late.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: byId,
    body: z.strictObject({
      seq: z.int().min(1).max(2_147_483_647).describe('The number of the report: 1, 2, 3 …'),
      items: z
        .array(
          z.strictObject({
            amount: amountField,
            at: timestampField.describe('When it was spent, RFC 3339'),
            key: z
              .string()
              .min(1)
              .max(200)
              .optional()
              .describe('An id of the item, 1 to 200 characters, kept with the record'),
            metadata: metadataField.optional(),
          }),
        )
        .min(1)
        .max(1000)
        .describe('What was spent, 1 to 1000 items'),
    }),
  },
  outputs: {
    200: z
      .object({
        ...leaseFields,
        charged: amountOrZeroField.describe('What this report was charged'),
        uncollected: amountOrZeroField.describe('Reported, but not charged: nothing was left beyond the lease'),
        ...postingFields,
      })
      .meta({ id: 'LeaseReport' }),
  },
  problems: ['hold_closed', 'lease_gap'],
  examples: [
    {
      title: 'The first report',
      params: { project: 'current', id },
      body: { seq: 1, items: [{ amount: 1_200_000, at: '2026-11-20T09:40:00+00:00', key: 'job-1' }] },
      status: 200,
      response: {
        ...leaseExample,
        reported: 1_200_000,
        seq: 1,
        rest: 3_800_000,
        charged: 1_200_000,
        uncollected: 0,
        ...postingExample,
      },
    },
  ],
})

export const closeCreditLease = defineRoute({
  operation: 'closeCreditLease',
  method: 'POST',
  path: '/v1/projects/{project}/credit-leases/{id}/close',
  noun: 'credit leases',
  summary: 'End a lease: what was not reported goes back at once',
  description: 'Further reports are refused. Spends that a device has not reported by then are never charged.',
  auth: 'ledger:spend',
  idempotencyKey: 'required',
  input: { ...noInput, params: byId },
  outputs: {
    200: z.object({ ...leaseFields, released: amountOrZeroField, ...postingFields }).meta({ id: 'ClosedLease' }),
  },
  problems: ['hold_closed'],
  examples: [
    {
      title: 'Everything was reported',
      params: { project: 'current', id },
      status: 200,
      response: {
        ...leaseExample,
        status: 'closed',
        reported: 1_200_000,
        seq: 1,
        rest: 0,
        closedAt: '2026-11-20T09:45:00+00:00',
        released: 3_800_000,
        ...postingExample,
      },
    },
  ],
})
