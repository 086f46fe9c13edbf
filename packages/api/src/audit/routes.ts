import { z } from 'zod'
import { numberCursor, objectField, pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const state = objectField.nullable()

const entrySchema = z
  .object({
    id: z.int().describe('Grows with every entry; of an entry of the ledger it is the number of its journal row'),
    source: z.enum(['admin', 'ledger']).describe('admin: a change of keys, flags, projects … ledger: a journal row'),
    at: timestampField,
    project: z.string().nullable().describe('null: the whole system'),
    actor: z.string().describe('key:<id>, owner, or the database role of a call past the API'),
    action: z.string().describe('key.create, flag.set, account.update, ledger.charge …'),
    resource: z.string().describe('key:<id>, flag:<name>, account:<code> …'),
    requestId: z.string().nullable().describe('The X-Request-Id of the request; null for what no request did'),
    before: state.describe('What it was; null for what was not there, and for journal rows'),
    after: state.describe('What it became; null for what is gone. Of a journal row: amount, key and balance after it'),
  })
  .meta({ id: 'AuditEntry' })

const filters = {
  ...pageFields(numberCursor(1)),
  actor: z.string().min(1).max(200).optional().describe('Only what this actor did: owner, key:<id>'),
  action: z
    .string()
    .regex(/^[a-z]+(\.[a-z_]+)?$/)
    .optional()
    .describe('Only this action, key.create, or all of one noun, key'),
  resource: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .describe('Only this resource: flag:router.order, account:smart_layer'),
  source: z
    .enum(['admin', 'ledger'])
    .optional()
    .describe('admin leaves the journal of the ledger out, ledger the rest'),
  from: timestampField.optional().describe('From this RFC 3339 instant on'),
  to: timestampField.optional().describe('Before this RFC 3339 instant'),
}

const pageOfEntries = pageOf(entrySchema)

const entryExample = {
  id: 213,
  source: 'admin',
  at: '2026-11-20T09:30:00+00:00',
  project: 'smart_layer',
  actor: 'owner',
  action: 'flag.set',
  resource: 'flag:router.order',
  requestId: 'req_019ab2c4-0000-7000-8000-000000000000',
  before: null,
  after: { name: 'router.order', value: 'health', rolloutBasisPoints: 2500 },
} as const

const description =
  'Newest first. A page may hold fewer rows than its limit, even none, and still have a next one: a call reads a bounded part of the journal.'

export const listAuditLog = defineRoute({
  operation: 'listAuditLog',
  method: 'GET',
  path: '/v1/projects/{project}/audit-log',
  noun: 'audit',
  summary: 'Who changed what in a project: every change and every posting',
  description,
  auth: 'audit:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField }), query: z.strictObject(filters) },
  outputs: { 200: pageOfEntries },
  problems: [],
  examples: [
    {
      title: 'A flag was set',
      params: { project: 'current' },
      status: 200,
      response: { data: [entryExample], page: { next: null } },
    },
  ],
})

export const listWholeAuditLog = defineRoute({
  operation: 'listWholeAuditLog',
  method: 'GET',
  path: '/v1/audit-log',
  noun: 'audit',
  summary: 'Who changed what in all projects and in the system itself; for the owner',
  description,
  auth: 'audit:read',
  idempotencyKey: 'none',
  input: { ...noInput, query: z.strictObject(filters) },
  outputs: { 200: pageOfEntries },
  problems: ['not_found'],
  examples: [{ title: 'A flag was set', status: 200, response: { data: [entryExample], page: { next: '213' } } }],
})

/** In the order of the docs. */
export const routes = [listAuditLog, listWholeAuditLog] as const
