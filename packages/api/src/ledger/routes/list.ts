import { z } from 'zod'
import {
  accountField,
  amountField,
  amountOrZeroField,
  holdField,
  numberCursor,
  objectField,
  overField,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { leaseExample, leaseFields } from './credit-lease.ts'

const params = z.strictObject({ project: projectField })
const query = z.strictObject({
  ...pageFields(numberCursor(1)),
  account: accountField.optional().describe("Left out: the project's account of the same name"),
})
const description =
  'Of one account, the latest first. One call looks at 5,000 entries of its journal at most, so a page may be short or empty: only page.next null is the end.'

const holdStatus = z.enum(['open', 'settled', 'settled_late', 'voided', 'expired'])
const entryFields = {
  tx: z.int().describe('The number of the journal row'),
  key: z.string().describe('The idempotency key it was made with'),
  actor: z.string().describe('Who made it'),
}
const account = z.string().describe('The code of the account')
const entry = { tx: 212, key: 'job-7', actor: 'key:019ab2c4-0000-7000-8000-000000000001' }
const at = '2026-11-20T09:31:00+00:00'
const id = '019ab2c4-0000-7000-8000-000000000000'

export const listHolds = defineRoute({
  operation: 'listHolds',
  method: 'GET',
  path: '/v1/projects/{project}/holds',
  noun: 'holds',
  summary: 'The holds of an account, such as the open ones',
  description,
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params,
    query: query.extend({ status: holdStatus.optional().describe('Only holds that are in this state now') }),
  },
  outputs: {
    200: pageOf(
      z
        .object({
          ...entryFields,
          hold: holdField,
          account,
          status: holdStatus.describe('Its present state'),
          amount: amountField.describe('What was granted'),
          captured: amountOrZeroField.describe('What was charged within the hold'),
          released: amountOrZeroField.describe('What went back'),
          above: amountOrZeroField.describe('What was charged above the hold, or after it expired'),
          uncollected: amountOrZeroField.describe('Used, but not charged'),
          rest: amountOrZeroField.describe('What is still set aside'),
          over: overField,
          metadata: objectField.describe('A JSON object, as it was stored'),
          openedAt: timestampField,
          expiresAt: timestampField,
          closedAt: timestampField.nullable(),
        })
        .meta({ id: 'ListedHold' }),
    ),
  },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'What is open',
      params: { project: 'current' },
      query: { status: 'open' },
      status: 200,
      response: {
        data: [
          {
            ...entry,
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
            metadata: {},
            openedAt: at,
            expiresAt: '2026-11-20T09:33:00+00:00',
            closedAt: null,
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const listCreditLeases = defineRoute({
  operation: 'listCreditLeases',
  method: 'GET',
  path: '/v1/projects/{project}/credit-leases',
  noun: 'credit leases',
  summary: 'The credit leases of an account',
  description,
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params, query },
  outputs: { 200: pageOf(z.object({ ...entryFields, ...leaseFields }).meta({ id: 'ListedLease' })) },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'One lease',
      params: { project: 'current' },
      status: 200,
      response: { data: [{ ...entry, ...leaseExample }], page: { next: null } },
    },
  ],
})

export const listCharges = defineRoute({
  operation: 'listCharges',
  method: 'GET',
  path: '/v1/projects/{project}/charges',
  noun: 'charges',
  summary: 'The charges of an account, with what was refunded of each',
  description,
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params, query },
  outputs: {
    200: pageOf(
      z
        .object({
          ...entryFields,
          account,
          at: timestampField,
          charged: amountField,
          refunded: amountOrZeroField.describe('What was given back of it'),
          metadata: objectField.describe('A JSON object, as it was stored'),
        })
        .meta({ id: 'ListedCharge' }),
    ),
  },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'Half a credit',
      params: { project: 'current' },
      status: 200,
      response: {
        data: [{ ...entry, account: 'smart_layer', at, charged: 500_000, refunded: 0, metadata: {} }],
        page: { next: null },
      },
    },
  ],
})

export const listRefunds = defineRoute({
  operation: 'listRefunds',
  method: 'GET',
  path: '/v1/projects/{project}/refunds',
  noun: 'refunds',
  summary: 'The refunds of an account',
  description,
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: { ...noInput, params, query },
  outputs: {
    200: pageOf(
      z
        .object({
          ...entryFields,
          account,
          at: timestampField,
          refunded: amountField,
          refunds: z.int().nullable().describe('The tx of the charge that was given back'),
          hold: holdField.nullable().describe('The id of the hold whose charge it was; null: of a charge without one'),
        })
        .meta({ id: 'ListedRefund' }),
    ),
  },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'Half of a charge',
      params: { project: 'current' },
      status: 200,
      response: {
        data: [{ ...entry, account: 'smart_layer', at, refunded: 250_000, refunds: 6, hold: null }],
        page: { next: null },
      },
    },
  ],
})
