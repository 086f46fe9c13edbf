import { z } from 'zod'
import { pageFields, pageOf, projectField, replayedField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const status = z
  .enum(['starting', 'online', 'degraded', 'maintenance'])
  .describe('How the process is doing, in its own words')
const figure = (what: string) => z.number().min(0).max(1e12).optional().describe(what)

const metrics = z
  .strictObject({
    requests: figure('Requests of the last minute'),
    errors: figure('How many of them failed'),
    p95Ms: figure('95 % of them took at most this many milliseconds'),
    targetP95Ms: figure('The most that p95Ms should be'),
    backlog: figure('How much work waits in the process'),
  })
  .describe('What it reports of itself; what is left out stays')

const sessionSchema = z
  .object({
    session: z.uuid().describe('The id of the session'),
    project: z.string().describe("The project's name"),
    kind: z.string().describe('What sort of process it is'),
    name: z.string().nullable().describe('Its name, for people'),
    version: z.string().nullable().describe('The version it runs'),
    status,
    fence: z.int().describe('Greater than that of every session before it'),
    ttlSeconds: z.int().describe('Seconds after a beat until the session ends'),
    openedAt: timestampField,
    beatAt: timestampField,
    progressAt: timestampField.describe('When it last got work done'),
    endsAt: timestampField.describe('When the session ends unless a beat comes'),
    isHung: z.boolean().describe('Beats come, but no work was done for 60 seconds'),
    metrics: z
      .object({
        requests: z.int().describe('Requests of the last minute'),
        errors: z.int().describe('How many of them failed'),
        p95Ms: z.number().nullable().describe('95 % of them took at most this many milliseconds'),
        targetP95Ms: z.number().nullable().describe('The most that p95Ms should be'),
        backlog: z.int().describe('How much work waits in the process'),
      })
      .describe('What it reports of itself'),
  })
  .meta({ id: 'Session' })

const id = '019ab2c4-0000-7000-8000-000000000010'
const example = {
  session: id,
  project: 'smart_layer',
  kind: 'worker',
  name: 'laptop:4711',
  version: '1.4.0',
  status: 'online',
  fence: 17,
  ttlSeconds: 45,
  openedAt: '2026-11-20T09:30:00+00:00',
  beatAt: '2026-11-20T09:30:00+00:00',
  progressAt: '2026-11-20T09:30:00+00:00',
  endsAt: '2026-11-20T09:30:45+00:00',
  isHung: false,
  metrics: { requests: 0, errors: 0, p95Ms: null, targetP95Ms: null, backlog: 0 },
} as const
const fingerprint = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const params = z.strictObject({ project: projectField, id: z.uuid().describe('The id of a session') })

export const openSession = defineRoute({
  operation: 'openSession',
  method: 'POST',
  path: '/v1/projects/{project}/sessions',
  noun: 'sessions',
  summary: 'Open the session of a running process',
  description:
    'A process has one live session at most: its fingerprint is the same for the same process. It stays alive while beats come, at most ttlSeconds apart.',
  auth: 'session:run',
  idempotencyKey: 'required',
  isTraffic: true,
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      fingerprint: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .describe(
          '64 hexadecimal digits that only this process has, such as the SHA-256 of its boot id, pid and start time',
        ),
      kind: z
        .string()
        .regex(/^[a-z][a-z0-9_-]{0,49}$/)
        .default('worker')
        .describe('What sort of process it is: 1 to 50 of a-z, 0-9, _ and -'),
      name: z.string().min(1).max(200).optional().describe('Its name, for people'),
      version: z.string().min(1).max(100).optional().describe('The version it runs'),
      status: status.default('online'),
      ttlSeconds: z
        .int()
        .min(3)
        .max(3600)
        .default(45)
        .describe('Seconds after a beat until the session ends, 3 to 3600'),
    }),
  },
  outputs: { 201: sessionSchema.extend({ replayed: replayedField }).meta({ id: 'OpenedSession' }) },
  problems: ['session_live', 'bound_reached'],
  examples: [
    {
      title: 'A worker',
      params: { project: 'current' },
      body: { fingerprint, name: 'laptop:4711', version: '1.4.0' },
      status: 201,
      response: { ...example, replayed: false },
    },
  ],
})

export const beatSession = defineRoute({
  operation: 'beatSession',
  method: 'POST',
  path: '/v1/projects/{project}/sessions/{id}/beat',
  noun: 'sessions',
  summary: 'Keep a session alive',
  description: 'Send it three times within ttlSeconds. A session that has ended is refused: open another one.',
  auth: 'session:run',
  idempotencyKey: 'none',
  isTraffic: true,
  isPatient: true,
  input: {
    ...noInput,
    params,
    body: z.strictObject({
      status: status.optional(),
      metrics: metrics.optional(),
      idleMs: z
        .int()
        .min(0)
        .max(2_592_000_000)
        .default(0)
        .describe('Milliseconds since the process last got work done'),
    }),
  },
  outputs: {
    200: z
      .object({
        session: z.uuid().describe('The id of the session'),
        fence: z.int().describe('Greater than that of every session before it'),
        endsAt: timestampField.describe('When the session ends unless a beat comes'),
      })
      .meta({ id: 'SessionBeat' }),
  },
  problems: ['session_ended'],
  examples: [
    {
      title: 'A beat',
      params: { project: 'current', id },
      body: { metrics: { requests: 120, errors: 1, p95Ms: 40 } },
      status: 200,
      response: { session: id, fence: 17, endsAt: '2026-11-20T09:31:00+00:00' },
    },
  ],
})

export const closeSession = defineRoute({
  operation: 'closeSession',
  method: 'DELETE',
  path: '/v1/projects/{project}/sessions/{id}',
  noun: 'sessions',
  summary: 'End a session; one that has ended is answered alike',
  auth: 'session:run',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params },
  outputs: {
    200: z.object({ closed: z.boolean().describe('false: it had ended before') }).meta({ id: 'ClosedSession' }),
  },
  problems: [],
  examples: [{ title: 'The end', params: { project: 'current', id }, status: 200, response: { closed: true } }],
})

export const listSessions = defineRoute({
  operation: 'listSessions',
  method: 'GET',
  path: '/v1/projects/{project}/sessions',
  noun: 'sessions',
  summary: 'The live sessions of a project, oldest first',
  auth: 'session:run',
  idempotencyKey: 'none',
  input: { ...noInput, params: z.strictObject({ project: projectField }), query: z.strictObject(pageFields(z.uuid())) },
  outputs: { 200: pageOf(sessionSchema) },
  problems: [],
  examples: [
    {
      title: 'One session',
      params: { project: 'current' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

/** In the order of the docs. */
export const routes = [openSession, beatSession, closeSession, listSessions] as const
