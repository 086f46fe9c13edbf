import { z } from 'zod'
import { ownerField, pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const params = z.strictObject({ project: projectField })
const query = z.strictObject({ owner: ownerField })
const resource = z
  .string()
  .min(1)
  .max(503)
  .regex(/^(\.{0,2}[^/.]|\.{3})[^/]*(\/(\.{0,2}[^/.]|\.{3})[^/]*)*$/)
  .describe('A path, as repo/docs or repo/docs/**: it covers what lies in it. 1 to 32 segments, none . or ..')
const mode = z.enum(['exclusive', 'shared']).default('exclusive').describe('shared: beside other shared claims')
const fence = z.int().min(1).describe('Of the claim, as it was answered')
const ttlSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .default(60)
  .describe('Seconds until it is over unless it is renewed, 1 to 86400')

const claim = {
  resource: z.string().describe('The path of the claim'),
  mode: z.enum(['exclusive', 'shared']).describe('shared: beside other shared claims'),
  fence: z.int().describe('Greater than that of every claim before'),
  holder: z.string().describe('The project whose session has it'),
  session: z.uuid().describe('The session that has it'),
  takenAt: timestampField,
  endsAt: timestampField.describe('When it is over unless it is renewed'),
}
const claimSchema = z.object(claim).meta({ id: 'Claim' })

const session = '019aa0c0-7e00-7000-8000-000000000001'
const example = {
  resource: 'repo/docs',
  mode: 'exclusive',
  fence: 17,
  holder: 'smart_layer',
  session,
  takenAt: '2026-11-20T09:30:00+00:00',
  endsAt: '2026-11-20T09:31:00+00:00',
} as const

export const takeClaim = defineRoute({
  operation: 'takeClaim',
  method: 'POST',
  path: '/v1/projects/{project}/claims',
  noun: 'claims',
  summary: 'Take a claim on a resource path, or read who has it',
  description: 'Claims exclude each other where one path is the other or lies in it, unless both are shared.',
  auth: 'claim:take',
  idempotencyKey: 'required',
  isTraffic: true,
  input: {
    ...noInput,
    params,
    query,
    body: z.strictObject({ session: z.uuid().describe('A live session of the caller'), resource, mode, ttlSeconds }),
  },
  outputs: {
    200: z
      .object({ replayed: z.boolean().describe('The same key took it before'), ...claim })
      .meta({ id: 'TakenClaim' }),
  },
  problems: ['claim_held', 'session_ended', 'bound_reached'],
  examples: [
    {
      title: 'Taken',
      params: { project: 'current' },
      body: { session, resource: 'repo/docs/**' },
      status: 200,
      response: { replayed: false, ...example },
    },
  ],
})

export const renewClaim = defineRoute({
  operation: 'renewClaim',
  method: 'POST',
  path: '/v1/projects/{project}/claims/renew',
  noun: 'claims',
  summary: 'Keep a claim',
  auth: 'claim:take',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, query, body: z.strictObject({ resource, fence, ttlSeconds }) },
  outputs: { 200: claimSchema },
  problems: ['claim_lost'],
  examples: [
    {
      title: 'Kept',
      params: { project: 'current' },
      body: { resource: 'repo/docs', fence: 17 },
      status: 200,
      response: { ...example, endsAt: '2026-11-20T09:31:20+00:00' },
    },
  ],
})

export const releaseClaim = defineRoute({
  operation: 'releaseClaim',
  method: 'POST',
  path: '/v1/projects/{project}/claims/release',
  noun: 'claims',
  summary: 'Release a claim; one that was lost or released is answered alike',
  auth: 'claim:take',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params, query, body: z.strictObject({ resource, fence }) },
  outputs: {
    200: z
      .object({ released: z.boolean().describe('false: it was lost or released before') })
      .meta({ id: 'ReleasedClaim' }),
  },
  problems: [],
  examples: [
    {
      title: 'Released',
      params: { project: 'current' },
      body: { resource: 'repo/docs', fence: 17 },
      status: 200,
      response: { released: true },
    },
  ],
})

export const listClaims = defineRoute({
  operation: 'listClaims',
  method: 'GET',
  path: '/v1/projects/{project}/claims',
  noun: 'claims',
  summary: 'The claims that are alive, oldest first',
  description: 'A page after many claims that are over may be short, or empty, and have a next one.',
  auth: 'claim:take',
  idempotencyKey: 'none',
  input: { ...noInput, params, query: z.strictObject(pageFields(z.string().regex(/^[1-9][0-9]{0,14}$/))) },
  outputs: { 200: pageOf(claimSchema) },
  problems: [],
  examples: [
    {
      title: 'One claim',
      params: { project: 'current' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const routes = [takeClaim, renewClaim, releaseClaim, listClaims] as const
