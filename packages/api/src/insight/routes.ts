import { z } from 'zod'
import {
  metadataField,
  objectField,
  pageFields,
  pageOf,
  projectField,
  replayedField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const decisionField = z.enum(['adopted', 'rejected', 'reverted'])
const categoryField = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/)
  .describe('What it is about: 1 to 50 of a-z, 0-9, _ and -')
const effectField = z.int().min(-10_000).max(1_000_000)

const summaryFields = {
  insight: z.uuid().describe('The id of the insight'),
  project: z.string().describe('The project that shared it'),
  category: z.string().describe('What it is about'),
  title: z.string().describe('What to do'),
  expectedBasisPoints: z.int().describe('The improvement that its author expects, in basis points: 2000 is 20 %'),
  confidenceBasisPoints: z.int().describe('How sure its author is, 0 to 10000'),
  adopted: z.int().describe('Projects that have adopted it'),
  rejected: z.int().describe('Projects that have rejected it'),
  reverted: z.int().describe('Projects that adopted and reverted it'),
  measured: z.int().describe('How many of them measured an effect'),
  effectBasisPoints: z.int().nullable().describe('The mean of the effects measured; null: none yet'),
  rank: z.number().describe('Rate of adoption times effect, both shrunk to what its author expects'),
  createdAt: timestampField,
  createdBy: z.string().describe('Who shared it'),
}
const ownDecision = decisionField.nullable().describe('What this project has decided; null: nothing yet')
const fullFields = {
  ...summaryFields,
  body: z.string().describe('The reasons and the steps'),
  evidence: objectField.describe('What supports it, as it was shared'),
}
const insightSchema = z.object(fullFields).meta({ id: 'Insight' })

const id = '019ab2c4-0000-7000-8000-000000000020'
const summaryExample = {
  insight: id,
  project: 'smart_layer',
  category: 'latency',
  title: 'Batch the embedding calls',
  expectedBasisPoints: 2000,
  confidenceBasisPoints: 8000,
  adopted: 1,
  rejected: 0,
  reverted: 0,
  measured: 1,
  effectBasisPoints: 1500,
  rank: 1351.1,
  createdAt: '2026-11-20T09:30:00+00:00',
  createdBy: 'key:019ab2c4-0000-7000-8000-000000000001',
}
const example = { ...summaryExample, body: '32 texts a call.', evidence: { before_ms: 900, after_ms: 720 } }

const params = z.strictObject({ project: projectField })
const one = z.strictObject({ project: projectField, id: z.uuid().describe('The id of an insight') })

export const shareInsight = defineRoute({
  operation: 'shareInsight',
  method: 'POST',
  path: '/v1/projects/{project}/insights',
  noun: 'insights',
  summary: 'Share what the project has learnt with every other one',
  auth: 'insight:share',
  idempotencyKey: 'required',
  input: {
    ...noInput,
    params,
    body: z.strictObject({
      category: categoryField,
      title: z.string().min(1).max(200).describe('What to do, 1 to 200 characters'),
      body: z.string().max(10_000).default('').describe('The reasons and the steps, at most 10,000 characters'),
      evidence: metadataField.optional(),
      expectedBasisPoints: effectField
        .default(0)
        .describe('The improvement to expect, in basis points from -10000 to 1000000: 2000 is 20 %'),
      confidenceBasisPoints: z.int().min(0).max(10_000).default(5000).describe('How sure you are, 0 to 10000'),
    }),
  },
  location: '/v1/projects/{project}/insights/{insight}',
  outputs: { 201: insightSchema.extend({ replayed: replayedField }).meta({ id: 'SharedInsight' }) },
  problems: ['bound_reached'],
  examples: [
    {
      title: 'A lesson',
      params: { project: 'current' },
      body: {
        category: 'latency',
        title: example.title,
        body: example.body,
        evidence: example.evidence,
        expectedBasisPoints: 2000,
        confidenceBasisPoints: 8000,
      },
      status: 201,
      response: { ...example, adopted: 0, measured: 0, effectBasisPoints: null, rank: 1280, replayed: false },
    },
  ],
})

export const listInsights = defineRoute({
  operation: 'listInsights',
  method: 'GET',
  path: '/v1/projects/{project}/insights',
  noun: 'insights',
  summary: 'Insights of all projects, the highest rank first',
  description:
    'open=true leaves those of other projects on which this one has not decided; such a page may be short, or empty, and have a next one.',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params,
    query: z.strictObject({
      category: categoryField.optional(),
      author: z
        .string()
        .regex(/^[a-z][a-z0-9_]{0,47}$/)
        .optional()
        .describe('Only those of this project'),
      open: z.enum(['true', 'false']).default('false').describe('true: those that wait for a decision of the project'),
      ...pageFields(z.uuid()),
    }),
  },
  outputs: { 200: pageOf(z.object({ ...summaryFields, decision: ownDecision }).meta({ id: 'InsightSummary' })) },
  problems: [],
  examples: [
    {
      title: 'One insight',
      params: { project: 'current' },
      status: 200,
      response: { data: [{ ...summaryExample, decision: 'adopted' }], page: { next: null } },
    },
  ],
})

export const getInsight = defineRoute({
  operation: 'getInsight',
  method: 'GET',
  path: '/v1/projects/{project}/insights/{id}',
  noun: 'insights',
  summary: 'An insight with its evidence and the newest 100 decisions on it',
  auth: 'fleet:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: {
    200: z
      .object({
        ...fullFields,
        decision: ownDecision,
        decisions: z
          .array(
            z.object({
              project: z.string().describe('Who decided'),
              decision: decisionField.describe('What it decided'),
              effectBasisPoints: z.int().nullable().describe('The improvement that it measured'),
              note: z.string().nullable().describe('What it says of it'),
              decidedAt: timestampField,
            }),
          )
          .describe('The newest first'),
      })
      .meta({ id: 'InsightDetails' }),
  },
  problems: [],
  examples: [
    {
      title: 'An insight',
      params: { project: 'current', id },
      status: 200,
      response: {
        ...example,
        decision: null,
        decisions: [
          {
            project: 'manus_origin',
            decision: 'adopted',
            effectBasisPoints: 1500,
            note: null,
            decidedAt: '2026-11-21T09:30:00+00:00',
          },
        ],
      },
    },
  ],
})

export const decideInsight = defineRoute({
  operation: 'decideInsight',
  method: 'PUT',
  path: '/v1/projects/{project}/insights/{id}/decision',
  noun: 'insights',
  summary: 'Adopt, reject or revert an insight of another project',
  description: 'The last decision of a project counts. Send adopted again with the effect once it is measured.',
  auth: 'insight:decide',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: one,
    body: z.strictObject({
      decision: decisionField.describe('adopted, rejected, or reverted after it was adopted'),
      effectBasisPoints: effectField
        .optional()
        .describe('The improvement that was measured, in basis points from -10000 to 1000000'),
      note: z.string().min(1).max(2000).optional().describe('What to know about it, 1 to 2,000 characters'),
    }),
  },
  outputs: {
    200: insightSchema.extend({ decision: decisionField.describe('What the project has decided') }).meta({
      id: 'DecidedInsight',
    }),
  },
  problems: ['insight_own', 'insight_not_adopted'],
  examples: [
    {
      title: 'Adopted, and measured',
      params: { project: 'current', id },
      body: { decision: 'adopted', effectBasisPoints: 1500 },
      status: 200,
      response: { ...example, decision: 'adopted' },
    },
  ],
})

export const removeInsight = defineRoute({
  operation: 'removeInsight',
  method: 'DELETE',
  path: '/v1/projects/{project}/insights/{id}',
  noun: 'insights',
  summary: 'Remove an insight of the project, with what others decided on it',
  auth: 'insight:share',
  idempotencyKey: 'none',
  input: { ...noInput, params: one },
  outputs: { 200: insightSchema },
  problems: [],
  examples: [{ title: 'Removed', params: { project: 'current', id }, status: 200, response: example }],
})

/** In the order of the docs. */
export const routes = [shareInsight, listInsights, getInsight, decideInsight, removeInsight] as const
