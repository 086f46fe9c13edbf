import { z } from 'zod'
import { queryInteger } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'

const figures = {
  count: z.int().describe('How many there were'),
  totalMs: z.number().describe('The sum of their durations in milliseconds'),
  p50Ms: z.number().describe('Within 3.2 %, like the other two'),
  p95Ms: z.number().describe('The 95th percentile in milliseconds'),
  p99Ms: z.number().describe('The 99th percentile in milliseconds'),
  maxMs: z.number().describe('The longest in milliseconds'),
}

const bottleneckSchema = z
  .object({
    kind: z.enum(['database', 'event_loop', 'pool', 'function', 'route']).describe('What is slow'),
    subject: z.string().describe('The name of what is described'),
    p95Ms: z.number().nullable().describe('null where it is not a matter of time'),
    limitMs: z.number().nullable().describe('From which 95th percentile on it is one'),
    severity: z.number().describe('The two divided'),
    finding: z.string().describe('What was measured'),
    remedy: z.string().describe('What to do about it'),
  })
  .meta({ id: 'Bottleneck' })

const figuresExample = { count: 1200, totalMs: 2600, p50Ms: 1.9, p95Ms: 4.1, p99Ms: 9.8, maxMs: 21 }

export const getBottlenecks = defineRoute({
  operation: 'getBottlenecks',
  method: 'GET',
  path: '/v1/system/bottlenecks',
  noun: 'system',
  summary: 'The slowest routes and functions of the last five minutes, the worst first, each with a fix',
  description:
    'Of the process that answers. Routes and functions are listed by the time they took in all; durations of functions include waiting and repetition. What a caller feels beyond that is the network.',
  auth: 'system:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    query: z.strictObject({
      limit: queryInteger(1, 100).default(20).describe('How many routes and functions are listed, 1 to 100'),
    }),
  },
  outputs: {
    200: z
      .object({
        windowSeconds: z.int().describe('Seconds that the figures cover'),
        bottlenecks: z.array(bottleneckSchema).describe('What limits the throughput, the most severe first'),
        routes: z
          .array(
            z.object({
              method: z.string().describe('The HTTP method'),
              route: z.string().describe('The path of the route, with its parameters in braces'),
              ...figures,
              failures: z.int().describe('How many of them failed'),
            }),
          )
          .describe('The figures of each route'),
        functions: z
          .array(
            z.object({
              name: z.string().describe('The name of the function'),
              ...figures,
              failures: z.int().describe('How many of them failed'),
            }),
          )
          .describe('The figures of each database function'),
        pool: z
          .object({
            running: z.int().describe('Calls that run now'),
            waiting: z.int().describe('Calls that wait now'),
            capacity: z.int().nullable().describe('null: the server decides'),
            waits: z.object(figures).describe('How long calls waited for a connection, or for their turn'),
          })
          .describe('The connections to the database'),
        loopDelay: z.object(figures).describe('How late the event loop ran what was due'),
      })
      .meta({ id: 'Bottlenecks' }),
  },
  problems: [],
  examples: [
    {
      title: 'Too few connections',
      status: 200,
      response: {
        windowSeconds: 300,
        bottlenecks: [
          {
            kind: 'pool',
            subject: 'the connections of the database',
            p95Ms: 44,
            limitMs: 20,
            severity: 2.2,
            finding: 'A call waits 44 ms for its turn; 12 wait now, 10 run.',
            remedy: 'Make the slow functions below faster, or raise CORE_DATABASE_POOL_SIZE above 10.',
          },
        ],
        routes: [{ method: 'POST', route: '/v1/projects/{project}/holds', ...figuresExample, failures: 0 }],
        functions: [{ name: 'ledger_reserve', ...figuresExample, failures: 0 }],
        pool: {
          running: 10,
          waiting: 12,
          capacity: 10,
          waits: { count: 1200, totalMs: 21000, p50Ms: 12, p95Ms: 44, p99Ms: 61, maxMs: 80 },
        },
        loopDelay: { count: 3000, totalMs: 900, p50Ms: 0.2, p95Ms: 1.1, p99Ms: 4.2, maxMs: 12 },
      },
    },
  ],
})
