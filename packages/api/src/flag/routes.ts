import { z } from 'zod'
import {
  etagField,
  jsonField,
  numberCursor,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,99}$/)
  .describe("The flag's name: 1 to 100 lowercase letters, digits and _ . - beginning with a letter")

const flagSchema = z
  .object({
    name: z.string().describe('The name of the flag'),
    project: z.string().nullable().describe('null: an override for all projects'),
    value: z.unknown().describe('The value, any JSON'),
    cleared: z.boolean().describe('true: the override was removed and the default applies'),
    rolloutBasisPoints: z.int().describe('The share of units that get the value, 0 to 10000'),
    version: z.int().describe('Increases with every change of a flag'),
    updatedAt: timestampField,
    updatedBy: z.string().describe('Who changed it last'),
    etag: etagField.nullable(),
  })
  .meta({ id: 'Flag' })

const project = z.strictObject({ project: projectField })
const flagOfProject = z.strictObject({ project: projectField, name })
const flagForAll = z.strictObject({ name })
const page = z.strictObject(pageFields(numberCursor(0)))

const change = z.strictObject({
  value: jsonField
    .refine((value) => value !== null, { error: 'null is no value of a flag; DELETE clears the override', abort: true })
    .describe('Any JSON value but null, at most 16 KB'),
  rolloutBasisPoints: z
    .int()
    .min(0)
    .max(10_000)
    .default(10_000)
    .describe('The share of units that get the value, 0 to 10000; 2500 is a quarter'),
})
const changed = z
  .object({
    name: z.string().describe('The name of the flag'),
    changed: z.boolean().describe('false: it already had this value'),
    version: z.int().describe('Increases with every change of a flag'),
    etag: etagField.nullable(),
  })
  .meta({ id: 'FlagSet' })

export const listFlags = defineRoute({
  operation: 'listFlags',
  method: 'GET',
  path: '/v1/projects/{project}/flags',
  noun: 'flags',
  summary: 'The overrides that hold for a project: its own and those for all',
  auth: 'flag:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: {
    ...noInput,
    params: project,
    query: page,
  },
  outputs: { 200: pageOf(flagSchema) },
  problems: [],
  examples: [
    {
      title: 'One override',
      params: { project: 'current' },
      status: 200,
      response: {
        data: [
          {
            name: 'router.order',
            project: 'smart_layer',
            value: 'health',
            cleared: false,
            rolloutBasisPoints: 2500,
            version: 12,
            updatedAt: '2026-11-20T09:30:00+00:00',
            updatedBy: 'owner',
            etag: '12',
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const setFlag = defineRoute({
  operation: 'setFlag',
  method: 'PUT',
  path: '/v1/projects/{project}/flags/{name}',
  noun: 'flags',
  summary: 'Override a flag for a project',
  description:
    'Every process sees the change within two seconds. The same call again changes nothing. If-Match takes the etag of this flag in the list.',
  auth: 'flag:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: flagOfProject, body: change },
  outputs: { 200: changed },
  problems: [],
  examples: [
    {
      title: 'A quarter of the units',
      params: { project: 'smart_layer', name: 'router.order' },
      body: { value: 'health', rolloutBasisPoints: 2500 },
      status: 200,
      response: { name: 'router.order', changed: true, version: 12, etag: '12' },
    },
  ],
})

export const clearFlag = defineRoute({
  operation: 'clearFlag',
  method: 'DELETE',
  path: '/v1/projects/{project}/flags/{name}',
  noun: 'flags',
  summary: 'Remove the override of a project',
  description:
    'The override for all projects applies again, else the default in code. Without an override nothing changes.',
  auth: 'flag:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: flagOfProject },
  outputs: { 200: changed },
  problems: [],
  examples: [
    {
      title: 'Back to the default',
      params: { project: 'smart_layer', name: 'router.order' },
      status: 200,
      response: { name: 'router.order', changed: true, version: 13, etag: null },
    },
  ],
})

export const listAllFlags = defineRoute({
  operation: 'listAllFlags',
  method: 'GET',
  path: '/v1/flags',
  noun: 'flags',
  summary: 'Every override there is, of each project and for all; for the owner',
  auth: 'flag:read',
  idempotencyKey: 'none',
  conditional: 'read',
  input: { ...noInput, query: page },
  outputs: { 200: pageOf(flagSchema) },
  problems: ['not_found'],
  examples: [
    {
      title: 'One for all projects',
      status: 200,
      response: {
        data: [
          {
            name: 'router.order',
            project: null,
            value: 'price',
            cleared: false,
            rolloutBasisPoints: 10_000,
            version: 11,
            updatedAt: '2026-11-20T09:30:00+00:00',
            updatedBy: 'owner',
            etag: '11',
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const setFlagForAll = defineRoute({
  operation: 'setFlagForAll',
  method: 'PUT',
  path: '/v1/flags/{name}',
  noun: 'flags',
  summary: 'Override a flag for all projects; for the owner',
  description: "A project's own override takes precedence. Otherwise as for one project.",
  auth: 'flag:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: flagForAll, body: change },
  outputs: { 200: changed },
  problems: ['not_found'],
  examples: [
    {
      title: 'For every project',
      params: { name: 'router.order' },
      body: { value: 'price' },
      status: 200,
      response: { name: 'router.order', changed: true, version: 11, etag: '11' },
    },
  ],
})

export const clearFlagForAll = defineRoute({
  operation: 'clearFlagForAll',
  method: 'DELETE',
  path: '/v1/flags/{name}',
  noun: 'flags',
  summary: 'Remove the override for all projects; for the owner',
  description: 'Overrides of single projects stay.',
  auth: 'flag:write',
  idempotencyKey: 'none',
  conditional: 'edit',
  input: { ...noInput, params: flagForAll },
  outputs: { 200: changed },
  problems: ['not_found'],
  examples: [
    {
      title: 'Back to the default',
      params: { name: 'router.order' },
      status: 200,
      response: { name: 'router.order', changed: true, version: 14, etag: null },
    },
  ],
})

/** In the order of the docs. */
export const routes = [listFlags, setFlag, clearFlag, listAllFlags, setFlagForAll, clearFlagForAll] as const
