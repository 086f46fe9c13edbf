import { z } from 'zod'
import { nameField, objectField, pageFields, pageOf, projectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { at, changed, inProject, providerName, removed, shared } from '../router-fields.ts'

const routeName = nameField(200).describe('What requests name as their model; * is the route of all other names')

const targets = z
  .array(
    z.strictObject({
      provider: providerName,
      model: z.string().min(1).max(200).optional().describe('Its model; left out, the one that the request names'),
      contextTokens: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .optional()
        .describe('Tokens of input and output that it holds; left out, any number'),
      takes: z
        .array(z.enum(['tools', 'images', 'audio', 'files', 'json']))
        .max(5)
        .optional()
        .describe('What it takes besides texts; left out, everything'),
    }),
  )
  .min(1)
  .max(20)
  .describe('What serves it')

const cap = {
  limit: z.int().min(1).describe('Whole micro-credits per period'),
  period: z.enum(['hour', 'day', 'week', 'month', 'total']).describe('How often it begins again'),
}

const policy = z
  .strictObject({
    choose: z
      .enum(['balanced', 'order', 'price', 'latency'])
      .optional()
      .describe('balanced (default): cheap targets more often, those without a recent fault first'),
    whenLow: z
      .enum(['refuse', 'cheaper'])
      .optional()
      .describe('cheaper: a cheaper target where the credits are not enough'),
    endUsers: z.strictObject(cap).optional().describe('An account with this cap for each end user that requests name'),
    tagAccounts: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9_.-]{1,50}$/)
          .describe('Of the tag, before its colon: team for team:red'),
        ...cap,
      })
      .optional()
      .describe('An account with this cap for each tag with this prefix that requests name; not beside endUsers'),
    hedgeMs: z
      .int()
      .min(1)
      .max(60_000)
      .optional()
      .describe(
        'A plain call that takes longer is also sent to the next target, and both are charged; left out, never',
      ),
    region: z.string().min(1).max(50).optional().describe('Only providers whose settings name this region'),
    hitBasisPoints: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe('What an answer from the cache is charged, in basis points of what its call cost; left out, nothing'),
    log: z
      .literal('content')
      .optional()
      .describe('What is asked and answered is kept for seven days, without secrets, sealed; left out, it is not kept'),
  })
  .describe('How targets are chosen')

const routeSchema = z
  .object({
    name: z.string().describe('What requests name as their model'),
    project: z.string().nullable().describe('Whose it is; null for every project'),
    targets: z.array(objectField).describe('What serves it: { provider, model?, contextTokens?, takes? }'),
    policy: objectField.describe('How targets are chosen'),
    ...changed,
  })
  .meta({ id: 'ModelRoute' })

const exampleRoute = {
  name: 'fast',
  project: 'smart_layer',
  targets: [
    { provider: 'openai', model: 'gpt-5-mini' },
    { provider: 'azure', model: 'gpt-5-mini' },
  ],
  policy: { choose: 'order' } as const,
  updatedAt: at,
  updatedBy: 'key:01999f6e-0000-7000-8000-000000000001',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}

export const listModelRoutes = defineRoute({
  operation: 'listModelRoutes',
  method: 'GET',
  path: '/v1/projects/{project}/routes',
  noun: 'models',
  summary: 'The routes that a project may use, by name',
  auth: 'model:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params: inProject, query: z.strictObject(pageFields(z.string().min(1).max(200))) },
  outputs: { 200: pageOf(routeSchema) },
  problems: [],
  examples: [
    {
      title: 'One route',
      params: { project: 'current' },
      status: 200,
      response: { data: [exampleRoute], page: { next: null } },
    },
  ],
})

export const setModelRoute = defineRoute({
  operation: 'setModelRoute',
  method: 'PUT',
  path: '/v1/projects/{project}/routes/{name}',
  noun: 'models',
  summary: 'Set a route: a public name of a model, and the targets that serve it',
  auth: 'model:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField, name: routeName }),
    query: shared,
    body: z.strictObject({ targets, policy: policy.default({}) }),
  },
  outputs: { 200: routeSchema },
  problems: ['not_found', 'conflict'],
  examples: [
    {
      title: 'A model with a fallback',
      params: { project: 'current', name: 'fast' },
      body: { targets: exampleRoute.targets, policy: exampleRoute.policy },
      status: 200,
      response: exampleRoute,
    },
  ],
})

export const removeModelRoute = defineRoute({
  operation: 'removeModelRoute',
  method: 'DELETE',
  path: '/v1/projects/{project}/routes/{name}',
  noun: 'models',
  summary: 'Remove a route',
  auth: 'model:write',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField, name: routeName }), query: shared },
  outputs: { 200: removed },
  problems: [],
  examples: [
    { title: 'Remove it', params: { project: 'current', name: 'fast' }, status: 200, response: { removed: true } },
  ],
})

export const explainModelRoute = defineRoute({
  operation: 'explainModelRoute',
  method: 'GET',
  path: '/v1/projects/{project}/routes/{name}/explain',
  noun: 'models',
  summary: 'Which targets a call of this name would try now, and why',
  description: 'For a chat of 1,000 tokens that may answer 4,096. As this process sees it.',
  auth: 'model:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField, name: routeName }) },
  outputs: {
    200: z
      .object({
        policy: objectField.describe('How targets are chosen'),
        order: z
          .array(
            z.object({
              target: z.string().describe('provider/model'),
              price: z.int().describe('What the call may cost, in whole micro-credits'),
              reason: z.string().describe('Why it has its place'),
            }),
          )
          .describe('In the order in which they are tried'),
        skipped: z
          .array(z.object({ target: z.string().describe('provider/model'), reason: z.string().describe('Why not') }))
          .describe('Those that are not tried'),
      })
      .meta({ id: 'ExplainedRoute' }),
  },
  problems: [],
  examples: [
    {
      title: 'The first choice and what is left out',
      params: { project: 'current', name: 'fast' },
      status: 200,
      response: {
        policy: { choose: 'order' },
        order: [{ target: 'openai/gpt-5-mini', price: 8_442, reason: 'chosen by order: at most 8442 micro-credits' }],
        skipped: [{ target: 'azure/gpt-5-mini', reason: 'cooling: rate_limited' }],
      },
    },
  ],
})
