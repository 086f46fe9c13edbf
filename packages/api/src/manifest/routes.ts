import { z } from 'zod'
import { pageFields, pageOf, queryInteger, timestampField } from '../contract/field.ts'
import {
  healthFiguresExample,
  healthFiguresField,
  scoreField,
  statusField,
  worstField,
} from '../contract/health-field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const entrySchema = z
  .object({
    project: z.string().describe("The project's name"),
    version: z.string().nullable().describe('What its newest process runs, else what the project says'),
    capabilities: z.array(z.unknown()).describe('What the project says it can do'),
    status: statusField,
    since: timestampField.nullable().describe('When this status was first seen; null: a moment ago'),
    lastBeatAt: timestampField.nullable().describe('null: no process of it was ever seen'),
    sessions: z.int().describe('Live sessions'),
    score: scoreField,
    worst: worstField,
    figures: healthFiguresField,
  })
  .meta({ id: 'ManifestEntry' })

export const listManifest = defineRoute({
  operation: 'listManifest',
  method: 'GET',
  path: '/v1/manifest',
  noun: 'manifest',
  summary: 'Every registered project in use and how it is doing, by name',
  description: 'The same for every caller, except the figures, which are shown to those with whom they are shared.',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    query: z.strictObject(pageFields(z.string().regex(/^[a-z][a-z0-9_]{0,47}$/))),
  },
  outputs: { 200: pageOf(entrySchema) },
  problems: [],
  examples: [
    {
      title: 'One project',
      status: 200,
      response: {
        data: [
          {
            project: 'smart_layer',
            version: '1.4.0',
            capabilities: ['chat'],
            status: 'online',
            since: '2026-11-20T09:30:00+00:00',
            lastBeatAt: '2026-11-20T09:42:00+00:00',
            sessions: 2,
            score: 96,
            worst: 'errors',
            figures: healthFiguresExample,
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const placeWork = defineRoute({
  operation: 'placeWork',
  method: 'GET',
  path: '/v1/manifest/places',
  noun: 'manifest',
  summary: 'Which projects can take work, best first, with the reasons',
  description:
    'Projects that run, have credits and have every capability asked for. fit is 50 parts the score, 25 the credits and 25 the backlog, each from 0 to 100; what is unknown counts as full.',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    query: z.strictObject({
      capabilities: z
        .string()
        .max(1000)
        .default('')
        .describe('What the project must say it can do: names separated by commas'),
      limit: queryInteger(1, 1000).default(10).describe('At most so many, 1 to 1000'),
    }),
  },
  outputs: {
    200: z
      .object({
        places: z
          .array(
            z.object({
              project: z.string().describe("The project's name"),
              fit: z.int().describe('0 to 100'),
              status: statusField,
              score: z.int().describe('Its health, 0 to 100'),
              reasons: z.array(z.string()).describe('What speaks for and against it'),
            }),
          )
          .describe('The best first'),
      })
      .meta({ id: 'Places' }),
  },
  problems: [],
  examples: [
    {
      title: 'One project',
      query: { capabilities: 'chat' },
      status: 200,
      response: {
        places: [
          {
            project: 'smart_layer',
            fit: 98,
            status: 'online',
            score: 96,
            reasons: ['its worst factor is errors', 'it has every capability asked for'],
          },
        ],
      },
    },
  ],
})

/** In the order of the docs. */
export const routes = [listManifest, placeWork] as const
