import { z } from 'zod'
import { pageFields, pageOf, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const entrySchema = z
  .object({
    project: z.string().describe("The project's name"),
    version: z.string().nullable().describe('What its newest process runs, else what the project says'),
    capabilities: z.array(z.unknown()).describe('What the project says it can do'),
    status: z
      .enum(['starting', 'online', 'degraded', 'maintenance', 'offline'])
      .describe('That of its best live session; offline without any'),
    since: timestampField.nullable().describe('When this status was first seen; null: a moment ago'),
    lastBeatAt: timestampField.nullable().describe('null: no process of it was ever seen'),
    sessions: z.int().describe('Live sessions'),
    figures: z
      .object({
        hung: z.int().describe('Sessions that beat but get nothing done'),
        requests: z.int().describe('Requests of the last minute'),
        errors: z.int().describe('How many of them failed'),
        p95Ms: z.number().nullable().describe('The worst of its sessions'),
        backlog: z.int().describe('Work that waits in its processes'),
      })
      .nullable()
      .describe('The sums of its sessions; null: of another project'),
  })
  .meta({ id: 'ManifestEntry' })

export const listManifest = defineRoute({
  operation: 'listManifest',
  method: 'GET',
  path: '/v1/manifest',
  noun: 'manifest',
  summary: 'Every registered project and how it is doing, by name',
  description: 'The same for every caller, except the figures, which a key sees of its own project only.',
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
            figures: { hung: 0, requests: 120, errors: 1, p95Ms: 40, backlog: 0 },
          },
        ],
        page: { next: null },
      },
    },
  ],
})

/** In the order of the docs. */
export const routes = [listManifest] as const
