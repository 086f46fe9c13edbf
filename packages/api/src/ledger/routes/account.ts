import { z } from 'zod'
import {
  accountField,
  amountOrZeroField,
  etagField,
  metadataField,
  objectField,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { balanceFields, postingExample, postingFields } from '../answer.ts'

const kind = z
  .enum(['pool', 'project', 'user'])
  .describe('What the account is for: a pool of credits, a project, or a user of one')
const status = z.enum(['active', 'frozen', 'closed']).describe('frozen and closed accounts refuse to spend')
const funding = z
  .enum(['own', 'parent'])
  .describe('own: holds credits itself. parent: has no purse; what it spends comes out of its parent')

const overBasisPointsField = z
  .int()
  .min(0)
  .max(1_000_000)
  .describe('How much a settle may charge above a hold, in basis points of what was granted: 10000 is as much again')

const accountFields = {
  account: z.string().describe('The code of the account'),
  project: z.string().describe('The name of the project'),
  kind,
  status,
  parent: z.string().nullable().describe('The code of the account above it; null: none'),
  funding,
  purse: z.string().describe('The account whose credits it spends'),
  overdraft: amountOrZeroField,
  debtLimit: amountOrZeroField.describe('How far a settle with over = overflow may take available below zero'),
  overBasisPoints: overBasisPointsField,
  metadata: objectField.describe('A JSON object, as it was stored'),
  createdAt: timestampField,
  etag: etagField,
}

const statementSchema = z
  .object({
    ...accountFields,
    granted: amountOrZeroField.describe('All credits that ever came in'),
    spent: amountOrZeroField.describe('All credits that ever went out'),
    ...balanceFields,
    at: timestampField,
  })
  .meta({ id: 'Account', description: 'An account, and the balance of the purse it spends from' })

const openedSchema = z.object({ ...accountFields, ...postingFields }).meta({ id: 'OpenedAccount' })

const project = z.strictObject({ project: projectField })
const byCode = z.strictObject({
  project: projectField,
  code: accountField.describe('URL-encoded: smart_layer%2Fagent-7'),
})

const accountExample = {
  account: 'smart_layer/agent-7',
  project: 'smart_layer',
  kind: 'user',
  status: 'active',
  parent: 'smart_layer',
  funding: 'parent',
  purse: 'pool',
  overdraft: 0,
  debtLimit: 0,
  overBasisPoints: 10_000,
  metadata: {},
  createdAt: '2026-11-20T09:30:00+00:00',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}
const { tx, replayed, ...balanceExample } = postingExample
const statementExample = {
  ...accountExample,
  granted: 1_000_000_000,
  spent: 0,
  ...balanceExample,
  at: '2026-11-20T09:31:00+00:00',
}

export const listAccounts = defineRoute({
  operation: 'listAccounts',
  method: 'GET',
  path: '/v1/projects/{project}/accounts',
  noun: 'accounts',
  summary: 'Accounts and their balances, by code',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: project,
    query: z.strictObject({
      ...pageFields(z.string().min(1).max(200)),
      parent: accountField.optional().describe('Only the accounts right below'),
    }),
  },
  outputs: { 200: pageOf(statementSchema) },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'One page',
      params: { project: 'current' },
      status: 200,
      response: { data: [statementExample], page: { next: null } },
    },
  ],
})

export const openAccount = defineRoute({
  operation: 'openAccount',
  method: 'POST',
  path: '/v1/projects/{project}/accounts',
  noun: 'accounts',
  makes: 'account',
  summary: 'Open an account',
  description:
    "A project's key opens user accounts below its own; the owner opens any. A code with a slash is the child of the account its path names, unless parent says otherwise.",
  auth: 'ledger:account',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: project,
    body: z.strictObject({
      account: accountField,
      kind: kind.default('user'),
      parent: accountField.optional(),
      funding: funding.default('own'),
      overdraft: amountOrZeroField.default(0),
      debtLimit: amountOrZeroField.default(0),
      overBasisPoints: overBasisPointsField.default(10_000),
      metadata: metadataField.default({}),
    }),
  },
  location: '/v1/projects/{project}/accounts/{account}',
  outputs: { 201: openedSchema },
  problems: ['account_not_found', 'account_frozen', 'conflict'],
  examples: [
    {
      title: 'An agent that spends from its project',
      params: { project: 'current' },
      body: { account: 'smart_layer/agent-7', funding: 'parent' },
      status: 201,
      response: { ...accountExample, ...postingExample, budgets: [] },
    },
  ],
})

export const getAccount = defineRoute({
  operation: 'getAccount',
  method: 'GET',
  path: '/v1/projects/{project}/accounts/{code}',
  noun: 'accounts',
  summary: 'Get an account and its balance',
  auth: 'ledger:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: byCode },
  outputs: { 200: statementSchema },
  problems: ['account_not_found'],
  examples: [
    {
      title: 'An agent',
      params: { project: 'current', code: 'smart_layer/agent-7' },
      status: 200,
      response: statementExample,
    },
  ],
})

export const updateAccount = defineRoute({
  operation: 'updateAccount',
  method: 'PATCH',
  path: '/v1/projects/{project}/accounts/{code}',
  noun: 'accounts',
  summary: 'Freeze, close, or change overdraft, debt limit and metadata',
  description:
    'Fields left out stay as they are. Top accounts, overdraft, debtLimit and overBasisPoints are the owner’s to change.',
  auth: 'ledger:account',
  idempotencyKey: 'optional',
  conditional: 'edit',
  input: {
    ...noInput,
    params: byCode,
    body: z.strictObject({
      status: status.optional(),
      overdraft: amountOrZeroField.optional(),
      debtLimit: amountOrZeroField.optional(),
      overBasisPoints: overBasisPointsField.optional(),
      metadata: metadataField.optional(),
    }),
  },
  outputs: { 200: openedSchema },
  problems: ['account_not_found', 'conflict'],
  examples: [
    {
      title: 'Freeze',
      params: { project: 'current', code: 'smart_layer/agent-7' },
      body: { status: 'frozen' },
      status: 200,
      response: { ...accountExample, status: 'frozen', ...postingExample, budgets: [] },
    },
  ],
})
