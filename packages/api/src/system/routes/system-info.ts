import { z } from 'zod'
import { timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

export const getSystemInfo = defineRoute({
  operation: 'getSystemInfo',
  method: 'GET',
  path: '/v1/system/info',
  noun: 'system',
  summary: 'What runs: versions, migrations, what is switched on',
  auth: 'system:read',
  idempotencyKey: 'none',
  input: noInput,
  outputs: {
    200: z
      .object({
        version: z.string().describe('The version of Core'),
        node: z.string().describe('Of the process that answers'),
        driver: z.enum(['embedded', 'postgres', 'supabase']).describe('How the database is reached'),
        serverVersion: z.string().describe('Of Postgres'),
        schema: z
          .object({
            version: z.string().nullable().describe('The newest migration of Core that is applied'),
            applied: z.int().describe('How many of them are'),
            pending: z.array(z.string()).describe('Those this version brings along that the database lacks'),
          })
          .describe('The migrations of the database'),
        startedAt: timestampField,
        uptimeSeconds: z.int().describe('Seconds since the start of the process'),
        features: z.record(z.string(), z.boolean()).describe('What is switched on, by name'),
      })
      .meta({ id: 'SystemInfo' }),
  },
  problems: [],
  examples: [
    {
      title: 'On a laptop',
      status: 200,
      response: {
        version: '0.2.0',
        node: 'v24.0.0',
        driver: 'embedded',
        serverVersion: '18.3',
        schema: { version: '20261120008100', applied: 10, pending: [] },
        startedAt: '2026-11-20T09:30:00.000+00:00',
        uptimeSeconds: 3600,
        features: { metrics: false, restRpc: true, sealing: true, rebalancing: false, tracing: false },
      },
    },
  ],
})
