import { z } from 'zod'
import { etagField, pageFields, pageOf, projectField, replayedField, timestampField } from '../contract/field.ts'
import { roles } from '../contract/role.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const subjectField = z
  .string()
  .regex(/^user:[!-~]{1,255}$/)
  .describe('user: and the sub of the person’s token, as GET /v1/me shows it')

const memberSchema = z
  .object({
    project: z.string().describe('The name of the project'),
    subject: z.string().describe('The subject of the token that the member signs in with'),
    role: z.enum(roles).describe('The role that decides what the member may do'),
    name: z.string().nullable().describe('For people; decides nothing'),
    createdBy: z.string().describe('Who created it'),
    createdAt: timestampField,
    updatedBy: z.string().describe('Who changed it last'),
    updatedAt: timestampField,
    etag: etagField,
  })
  .meta({ id: 'Member' })

const roleField = z.enum(roles).describe('viewer, operator, admin or owner; GET /v1/scopes says what each may do')
const nameField = z.string().min(1).max(100)

const bySubject = z.strictObject({ project: projectField, subject: subjectField })

const subject = 'user:6f1c6d3e-1f0b-4a39-9d2c-0b9f6a1e7c55'
const example = {
  project: 'smart_layer',
  subject,
  role: 'operator',
  name: 'Ada',
  createdBy: 'owner',
  createdAt: '2026-11-20T09:30:00+00:00',
  updatedBy: 'owner',
  updatedAt: '2026-11-20T09:30:00+00:00',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}

export const listMembers = defineRoute({
  operation: 'listMembers',
  method: 'GET',
  path: '/v1/projects/{project}/members',
  noun: 'members',
  summary: 'Who belongs to a project, and as what',
  auth: 'member:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    query: z.strictObject(pageFields(subjectField)),
  },
  outputs: { 200: pageOf(memberSchema) },
  problems: [],
  examples: [
    {
      title: 'One member',
      params: { project: 'smart_layer' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const addMember = defineRoute({
  operation: 'addMember',
  method: 'POST',
  path: '/v1/projects/{project}/members',
  noun: 'members',
  summary: 'Let a person in who is not in yet',
  description: 'PUT of the subject lets in or changes the role, whichever it takes.',
  auth: 'member:write',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      subject: subjectField,
      role: roleField,
      name: nameField.optional().describe('For people; decides nothing'),
    }),
  },
  location: '/v1/projects/{project}/members/{subject}',
  outputs: { 201: memberSchema.extend({ replayed: replayedField }).meta({ id: 'AddedMember' }) },
  problems: ['conflict'],
  examples: [
    {
      title: 'An operator',
      params: { project: 'smart_layer' },
      body: { subject, role: 'operator', name: 'Ada' },
      status: 201,
      response: { ...example, replayed: false },
    },
  ],
})

export const getMember = defineRoute({
  operation: 'getMember',
  method: 'GET',
  path: '/v1/projects/{project}/members/{subject}',
  noun: 'members',
  summary: 'What a person is to a project',
  auth: 'member:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: bySubject },
  outputs: { 200: memberSchema },
  problems: [],
  examples: [{ title: 'An operator', params: { project: 'smart_layer', subject }, status: 200, response: example }],
})

export const putMember = defineRoute({
  operation: 'putMember',
  method: 'PUT',
  path: '/v1/projects/{project}/members/{subject}',
  noun: 'members',
  summary: 'Let a person in, or change the role',
  description:
    'Idempotent by subject. A member decides about no role that may do more than its own, and the last owner stays until there is another.',
  auth: 'member:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: {
    ...noInput,
    params: bySubject,
    body: z.strictObject({
      role: roleField,
      name: nameField.optional().describe('1 to 100 characters; left out, it stays as it is'),
    }),
  },
  outputs: { 200: memberSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'An operator',
      params: { project: 'smart_layer', subject },
      body: { role: 'operator', name: 'Ada' },
      status: 200,
      response: example,
    },
  ],
})

export const updateMember = defineRoute({
  operation: 'updateMember',
  method: 'PATCH',
  path: '/v1/projects/{project}/members/{subject}',
  noun: 'members',
  summary: 'Change the role or the name of a member',
  description: 'Fields left out stay as they are. It adds no member.',
  auth: 'member:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: {
    ...noInput,
    params: bySubject,
    body: z.strictObject({ role: roleField.optional(), name: nameField.optional().describe('1 to 100 characters') }),
  },
  outputs: { 200: memberSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'Another name',
      params: { project: 'smart_layer', subject },
      body: { name: 'Ada' },
      status: 200,
      response: example,
    },
  ],
})

export const removeMember = defineRoute({
  operation: 'removeMember',
  method: 'DELETE',
  path: '/v1/projects/{project}/members/{subject}',
  noun: 'members',
  summary: 'Show a person out, at once',
  auth: 'member:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: bySubject },
  outputs: { 200: memberSchema },
  problems: ['conflict'],
  examples: [{ title: 'Gone', params: { project: 'smart_layer', subject }, status: 200, response: example }],
})

/** In the order of the docs. */
export const routes = [listMembers, addMember, getMember, putMember, updateMember, removeMember] as const
