import { z } from 'zod'
import { pageOf, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const loginSchema = z
  .object({
    id: z.string().describe('The id of the login, as the audit log names it'),
    issuer: z.string().describe('Where the person signed in; local for the owner key'),
    isCurrent: z.boolean().describe('Whether this request came with it'),
    createdAt: timestampField,
    seenAt: timestampField,
    expiresAt: timestampField,
  })
  .meta({ id: 'Login' })

export const listLogins = defineRoute({
  operation: 'listLogins',
  method: 'GET',
  path: '/v1/logins',
  noun: 'logins',
  summary: 'Where the caller is signed in, newest first; at most 100',
  description:
    'Signing in and out is for browsers and the command, and no part of this document: GET /v1/login, POST /v1/logout and POST /v1/logout/all. An API key has no logins.',
  auth: 'authenticated',
  idempotencyKey: 'none',
  input: noInput,
  outputs: { 200: pageOf(loginSchema) },
  problems: [],
  examples: [
    {
      title: 'One login',
      status: 200,
      response: {
        data: [
          {
            id: '019ab2c4-9f00-7000-8000-000000000001',
            issuer: 'https://example.eu.auth0.com/',
            isCurrent: true,
            createdAt: '2026-11-20T09:30:00+00:00',
            seenAt: '2026-11-20T10:30:00+00:00',
            expiresAt: '2026-11-27T10:30:00+00:00',
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const routes = [listLogins] as const
