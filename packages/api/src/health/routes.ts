import { z } from 'zod'
import { etagField, pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import {
  healthFiguresExample,
  healthFiguresField,
  scoreField,
  statusField,
  worstField,
} from '../contract/health-field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const nameCursor = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/)
const criticalityField = z
  .enum(['none', 'low', 'normal', 'high', 'critical'])
  .describe('How much the project counts in the score of the whole: 0, 1, 2, 4 or 8 times')

const healthSchema = z
  .object({
    project: z.string().describe("The project's name"),
    criticality: criticalityField,
    status: statusField,
    score: scoreField,
    worst: worstField,
    lastBeatAt: timestampField.nullable().describe('null: no process of it was ever seen'),
    sessions: z.int().describe('Live sessions'),
    figures: healthFiguresField,
  })
  .meta({ id: 'Health' })

const systemField = z
  .object({
    score: z.int().nullable().describe('The scores weighted by criticality; null before the first sample'),
    projects: z.int().describe('How many count in it'),
    poor: z.int().describe('How many of them score below 50'),
    sampledAt: timestampField.nullable().describe('When the last sample was taken, once a minute'),
  })
  .describe('All projects together')

export const listHealth = defineRoute({
  operation: 'listHealth',
  method: 'GET',
  path: '/v1/health',
  noun: 'health',
  summary: 'How every project in use is doing, by name',
  description:
    'Status, score and worst factor are the same for every caller; figures are shown to those with whom they are shared.',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: { ...noInput, query: z.strictObject(pageFields(nameCursor)) },
  outputs: { 200: pageOf(healthSchema).extend({ system: systemField }) },
  problems: [],
  examples: [
    {
      title: 'One project',
      status: 200,
      response: {
        data: [
          {
            project: 'smart_layer',
            criticality: 'normal',
            status: 'online',
            score: 96,
            worst: 'errors',
            lastBeatAt: '2026-11-20T09:42:00+00:00',
            sessions: 2,
            figures: healthFiguresExample,
          },
        ],
        page: { next: null },
        system: { score: 96, projects: 1, poor: 0, sampledAt: '2026-11-20T09:42:00+00:00' },
      },
    },
  ],
})

const weightField = z.int().min(0).max(100).optional().describe('0 to 100')
const policyFields = {
  weights: z
    .strictObject({
      freshness: weightField,
      errors: weightField,
      latency: weightField,
      credits: weightField,
      backlog: weightField,
    })
    .optional()
    .describe('What each factor counts for; 30, 25, 15, 15 and 15 where left out'),
  criticality: criticalityField.optional(),
  targetP95Ms: z
    .number()
    .min(0.001)
    .max(1e9)
    .nullable()
    .optional()
    .describe('Full marks up to it, none from three times as much; null: what its processes say'),
  maxErrorRate: z
    .number()
    .min(0.001)
    .max(1)
    .optional()
    .describe('The part of requests that fail at which errors earn nothing; 0.05 where left out'),
  targetBacklog: z
    .number()
    .min(1)
    .max(1e12)
    .optional()
    .describe('Full marks up to it, none from three times as much; 1000 where left out'),
  lowCredits: z
    .int()
    .min(1)
    .nullable()
    .optional()
    .describe('Micro-credits from which on credits earn full marks; null: any are enough'),
}

const points = z.int().min(0).max(100).describe('0 to 100')
const policySchema = z
  .object({
    project: z.string().describe("The project's name"),
    weights: z
      .object({ freshness: points, errors: points, latency: points, credits: points, backlog: points })
      .describe('What each factor counts for'),
    criticality: criticalityField,
    targetP95Ms: z.number().nullable().describe('The most that the 95th percentile should be'),
    maxErrorRate: z.number().describe('The part of requests that fail at which errors earn nothing'),
    targetBacklog: z.number().describe('The most work that should wait'),
    lowCredits: z.int().nullable().describe('Micro-credits from which on credits earn full marks'),
    updatedAt: timestampField.nullable().describe('null: it declares nothing, and these are the defaults'),
    updatedBy: z.string().nullable().describe('Who declared it'),
    etag: etagField,
  })
  .meta({ id: 'HealthPolicy' })

const params = z.strictObject({ project: projectField })
const policyExample = {
  project: 'smart_layer',
  weights: { freshness: 30, errors: 25, latency: 15, credits: 15, backlog: 15 },
  criticality: 'high' as const,
  targetP95Ms: 250,
  maxErrorRate: 0.05,
  targetBacklog: 1000,
  lowCredits: null,
  updatedAt: '2026-11-20T09:30:00+00:00',
  updatedBy: 'owner',
  etag: '4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a',
}

export const getHealthPolicy = defineRoute({
  operation: 'getHealthPolicy',
  method: 'GET',
  path: '/v1/projects/{project}/health/policy',
  noun: 'health',
  summary: 'The weights and targets by which a project is scored',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, params },
  outputs: { 200: policySchema },
  problems: [],
  examples: [{ title: 'A policy', params: { project: 'current' }, status: 200, response: policyExample }],
})

export const putHealthPolicy = defineRoute({
  operation: 'putHealthPolicy',
  method: 'PUT',
  path: '/v1/projects/{project}/health/policy',
  noun: 'health',
  summary: 'Declare the weights and targets by which a project is scored',
  description: 'What is left out has its default.',
  auth: 'project:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params, body: z.strictObject(policyFields) },
  outputs: { 200: policySchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'A latency target',
      params: { project: 'current' },
      body: { criticality: 'high', targetP95Ms: 250 },
      status: 200,
      response: policyExample,
    },
  ],
})

export const listHealthSamples = defineRoute({
  operation: 'listHealthSamples',
  method: 'GET',
  path: '/v1/projects/{project}/health/samples',
  noun: 'health',
  summary: 'The scores of a project over time, newest first',
  description: 'Minutes are kept for 6 hours, hours for 30 days.',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params,
    query: z.strictObject({
      period: z.enum(['minute', 'hour']).default('minute').describe('minute or hour'),
      ...pageFields(timestampField),
    }),
  },
  outputs: {
    200: pageOf(
      z
        .object({
          at: timestampField.describe('Where the minute or hour begins'),
          samples: z.int().describe('How many samples it has'),
          score: z.int().describe('Their mean'),
          least: z.int().describe('The least of them'),
          most: z.int().describe('The greatest of them'),
        })
        .meta({ id: 'HealthSample' }),
    ),
  },
  problems: [],
  examples: [
    {
      title: 'One minute',
      params: { project: 'current' },
      status: 200,
      response: {
        data: [{ at: '2026-11-20T09:42:00+00:00', samples: 1, score: 96, least: 96, most: 96 }],
        page: { next: null },
      },
    },
  ],
})

/** In the order of the docs. */
export const routes = [listHealth, getHealthPolicy, putHealthPolicy, listHealthSamples] as const
