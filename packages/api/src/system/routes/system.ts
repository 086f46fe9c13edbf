import { z } from 'zod'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { problems } from '../../nouns.ts'

const html = z.string()

export const live = defineRoute({
  operation: 'live',
  method: 'GET',
  path: '/livez',
  noun: 'system',
  summary: 'Whether the process runs, and whether it is the one that is meant',
  auth: 'public',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    query: z.strictObject({
      challenge: z
        .string()
        .regex(/^[\w-]{22,86}$/)
        .optional()
        .describe('A random text; a control plane on an embedded database answers it with a proof'),
    }),
  },
  outputs: {
    200: z.object({
      status: z.literal('healthy').describe('Its present state'),
      proof: z
        .string()
        .optional()
        .describe(
          'HMAC-SHA256 of port and challenge, made with the secret that the control plane keeps in its data folder',
        ),
    }),
  },
  problems: [],
  examples: [{ title: 'Running', status: 200, response: { status: 'healthy' } }],
})

export const ready = defineRoute({
  operation: 'ready',
  method: 'GET',
  path: '/readyz',
  noun: 'system',
  summary: 'Whether the server can do its work: the database answers and it is not shutting down',
  auth: 'public',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z.object({
      status: z.literal('healthy').describe('Its present state'),
      checks: z
        .object({
          database: z
            .object({
              status: z.literal('up').describe('Its present state'),
              latencyMs: z.number().describe('How long the database took to answer, in milliseconds'),
            })
            .describe('Whether the database answers'),
        })
        .describe('What was checked'),
    }),
  },
  problems: ['unavailable'],
  examples: [
    {
      title: 'Ready',
      status: 200,
      response: { status: 'healthy', checks: { database: { status: 'up', latencyMs: 0.4 } } },
    },
  ],
})

export const openApiDocument = defineRoute({
  operation: 'openApiDocument',
  method: 'GET',
  path: '/openapi.json',
  noun: 'system',
  summary: 'This API as an OpenAPI 3.1 document',
  auth: 'public',
  idempotencyKey: 'none',
  conditional: 'read',
  input: noInput,
  outputs: {
    200: z.looseObject({ openapi: z.literal('3.1.0').describe('The version of OpenAPI that the document follows') }),
  },
  problems: [],
  examples: [{ title: 'The document', status: 200, response: { openapi: '3.1.0' } }],
})

export const docsPage = defineRoute({
  operation: 'docsPage',
  method: 'GET',
  path: '/docs',
  noun: 'system',
  summary: 'This API as a page for people',
  auth: 'public',
  idempotencyKey: 'none',
  conditional: 'read',
  input: noInput,
  outputs: { 200: html },
  produces: 'text/html',
  problems: [],
  examples: [],
})

export const problemPage = defineRoute({
  operation: 'problemPage',
  method: 'GET',
  path: '/problems/{code}',
  noun: 'system',
  summary: 'What a problem code means and what to do about it',
  auth: 'public',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ code: z.enum(Object.keys(problems)).describe('The code of the problem') }),
  },
  outputs: { 200: html },
  produces: 'text/html',
  problems: [],
  examples: [],
})
