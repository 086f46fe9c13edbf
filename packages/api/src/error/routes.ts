import { z } from 'zod'
import { pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const status = z.enum(['open', 'resolved', 'ignored']).describe('Whether somebody still has to look at it')

const errorGroupSchema = z
  .object({
    id: z.uuid().describe('The id of the group'),
    project: z.string().nullable().describe('null: in background work, or before a project was known'),
    fingerprint: z.string().describe('The same for the same fault, whichever process, machine or version met it'),
    kind: z.enum(['request', 'loop']).describe('Whether a request or a background loop met it'),
    name: z.string().describe('The name of the error class'),
    code: z.string().nullable().describe('The error code; null: none'),
    place: z.string().describe('The method and pattern of the route, or the loop, where it occurred last'),
    frames: z.array(z.string()).describe('Where in Core it came from, innermost first'),
    message: z.string().describe('A sample, without what looks like a secret or like data'),
    status,
    count: z.int().describe('How often it occurred'),
    firstSeen: timestampField,
    lastSeen: timestampField,
    lastRequestId: z.string().nullable().describe('The log has it'),
    lastVersion: z.string().nullable().describe('The version of Core that met it last; null: unknown'),
    resolvedAt: timestampField.nullable(),
    resolvedBy: z.string().nullable().describe('Who resolved it; null: open'),
  })
  .meta({ id: 'ErrorGroup' })

const project = z.strictObject({ project: projectField })
const list = z.strictObject({
  ...pageFields(
    z
      .string()
      .regex(/^\d{1,16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      .max(60),
  ),
  status: status.optional().describe('Left out: all'),
})
const mark = z.strictObject({ status: status.describe('A resolved group that occurs again is reopened') })

const example = {
  id: '019ab2c4-0000-7000-8000-000000000000',
  project: 'smart_layer',
  fingerprint: '5f0c2a9be1d84c73a1f0b2c4d6e8f0a1',
  kind: 'request',
  name: 'CoreError',
  code: 'E_INTERNAL',
  place: 'GET /v1/projects/{project}/alerts',
  frames: ['send apps/control-plane/src/http/routes'],
  message: 'the answer of listAlerts does not fit its contract',
  status: 'open',
  count: 3,
  firstSeen: '2026-11-20T09:30:00+00:00',
  lastSeen: '2026-11-20T09:42:00+00:00',
  lastRequestId: 'req_019ab2c4-0000-7000-8000-000000000001',
  lastVersion: '0.2.0',
  resolvedAt: null,
  resolvedBy: null,
} as const

export const listErrors = defineRoute({
  operation: 'listErrors',
  method: 'GET',
  path: '/v1/projects/{project}/errors',
  noun: 'errors',
  summary: "Faults of the server that a project's requests met, grouped, the last one first",
  description:
    'Written every few seconds by each control plane and kept for 30 days after the last time. A group that occurs again while you page moves to the first page.',
  auth: 'error:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: project, query: list },
  outputs: { 200: pageOf(errorGroupSchema) },
  problems: [],
  examples: [
    {
      title: 'One group',
      params: { project: 'current' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const markError = defineRoute({
  operation: 'markError',
  method: 'PATCH',
  path: '/v1/projects/{project}/errors/{id}',
  noun: 'errors',
  summary: 'Mark a group as resolved, ignored or open',
  auth: 'error:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, id: z.uuid().describe('The id of the group') }),
    body: mark,
  },
  outputs: { 200: errorGroupSchema },
  problems: [],
  examples: [
    {
      title: 'Resolved',
      params: { project: 'current', id: example.id },
      body: { status: 'resolved' },
      status: 200,
      response: { ...example, status: 'resolved', resolvedAt: '2026-11-20T09:50:00+00:00', resolvedBy: 'owner' },
    },
  ],
})

export const listAllErrors = defineRoute({
  operation: 'listAllErrors',
  method: 'GET',
  path: '/v1/system/errors',
  noun: 'errors',
  summary: 'Faults of the server in all projects and in the background, for the owner',
  auth: 'error:read',
  idempotencyKey: 'none',
  input: { ...noInput, query: list },
  outputs: { 200: pageOf(errorGroupSchema) },
  problems: ['not_found'],
  examples: [{ title: 'One group', status: 200, response: { data: [example], page: { next: null } } }],
})

export const markAnyError = defineRoute({
  operation: 'markAnyError',
  method: 'PATCH',
  path: '/v1/system/errors/{id}',
  noun: 'errors',
  summary: 'Mark a group of any project or of the background, for the owner',
  auth: 'error:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ id: z.uuid().describe('The id of the group') }), body: mark },
  outputs: { 200: errorGroupSchema },
  problems: ['not_found'],
  examples: [
    {
      title: 'Ignored',
      params: { id: example.id },
      body: { status: 'ignored' },
      status: 200,
      response: { ...example, status: 'ignored' },
    },
  ],
})

/** In the order of the docs. */
export const routes = [listErrors, markError, listAllErrors, markAnyError] as const
