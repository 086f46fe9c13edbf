import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type ControlPlane, startControlPlane } from '../src/index.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

/** With a collector that listens on a real socket and takes what OTLP over HTTP sends it, as JSON. */

const ownerKey = 'owner-key-of-the-tests-0123456789'
const valueSchema = z.object({ stringValue: z.string().optional(), intValue: z.number().optional() })
const attributesSchema = z.array(z.object({ key: z.string(), value: valueSchema }))
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.int(),
  attributes: attributesSchema,
  status: z.object({ code: z.int() }),
})
const batchSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
})

let shared: TestDatabase
const batches: z.output<typeof batchSchema>[] = []
const received: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
const lines: Record<string, unknown>[] = []
const collector = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk) => (text += chunk))
  request.on('end', () => {
    received.push({ url: request.url, headers: request.headers })
    batches.push(batchSchema.parse(JSON.parse(text)))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
})

beforeAll(async () => {
  shared = await createTestDatabase()
  await installProjects(shared.database, exampleInstallation)
  collector.listen(0, '127.0.0.1')
  await new Promise((resolve) => collector.once('listening', resolve))
})
afterAll(async () => {
  collector.close()
  await shared.drop()
})
beforeEach(() => {
  for (const list of [batches, received, lines]) list.length = 0
})

async function open(tracing: object): Promise<ControlPlane> {
  const database = { driver: 'postgres', url: shared.url, poolSize: 5 } as const
  const config = loadConfig({
    env: {},
    cwd: import.meta.dirname,
    overrides: { http: { port: 0 }, ownerKey, shutdown: { graceMs: 100 }, database, tracing },
  })
  const logger = { ...silentLogger, info: (fields: object) => void lines.push({ ...fields }) }
  return startControlPlane({ config, logger })
}

const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`
const spans = () =>
  batches.flatMap((batch) =>
    batch.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  )
const attributesOf = (span: z.output<typeof spanSchema> | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue]))

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const get = (plane: ControlPlane, path: string, traceparent?: string) =>
  fetch(plane.url + path, {
    headers: { authorization: `Bearer ${ownerKey}`, ...(traceparent === undefined ? {} : { traceparent }) },
  })

test('a request is a span by its route, and what it asks the database lies below it, in its caller’s trace', async () => {
  const plane = await open({ endpoint: endpoint(), headers: 'x-key=a%20b', serviceName: 'core-eu' })
  const client = createClient({ url: plane.url, key: ownerKey })
  await client.chargeCredits({ params: { project: 'smart_layer' }, body: { account: 'smart_layer', amount: 1 } })
  await get(plane, '/v1/projects/smart_layer/alerts', `00-${traceId}-${parentId}-01`)
  await plane.close()

  expect(received[0]).toMatchObject({
    url: '/v1/traces',
    headers: { 'content-type': 'application/json', 'x-key': 'a b' },
  })
  expect(batches[0]?.resourceSpans[0]?.resource.attributes).toContainEqual({
    key: 'service.name',
    value: { stringValue: 'core-eu' },
  })
  const alerts = spans().find(({ name }) => name === 'GET /v1/projects/{project}/alerts')
  expect(alerts).toMatchObject({ traceId, parentSpanId: parentId, kind: 2 })
  expect(attributesOf(alerts)).toMatchObject({
    'http.route': '/v1/projects/{project}/alerts',
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'core.project': 'smart_layer',
    'core.request_id': expect.stringMatching(/^req_/),
  })
  const below = spans().find(({ name }) => name === 'core_api.ledger_alerts')
  expect(below).toMatchObject({ traceId, parentSpanId: alerts?.spanId, kind: 3 })

  // Through a body that had to be read.
  const charge = spans().find(({ name }) => name === 'POST /v1/projects/{project}/charges')
  const charged = spans().find(({ name }) => name === 'core_api.ledger_charge')
  expect(charged?.parentSpanId).toBe(charge?.spanId)
  expect(charge?.traceId).not.toBe(traceId)
  const logged = lines.filter(({ route }) => typeof route === 'string')
  expect(logged.map((line) => line['traceId'])).toEqual([charge?.traceId, traceId])
  expect(JSON.stringify(batches)).not.toContain(ownerKey)
})

test('who asks not to be traced is not, and of the others the share that is set', async () => {
  const plane = await open({ endpoint: endpoint(), samplePercent: 0 })
  await get(plane, '/v1/me')
  await get(plane, '/v1/me', `00-${traceId}-${parentId}-00`)
  await get(plane, '/v1/me', `00-${traceId}-${parentId}-01`)
  await plane.close()
  expect(spans().map((span) => [span.name, span.traceId])).toEqual([['GET /v1/me', traceId]])
})

test('a collector that is away costs no request, and closing does not wait for it', async () => {
  const plane = await open({ endpoint: 'http://127.0.0.1:1' })
  for (let index = 0; index < 20; index++) expect((await get(plane, '/v1/me')).status).toBe(200)
  const startedAt = performance.now()
  await plane.close()
  expect(performance.now() - startedAt).toBeLessThan(60_000)
})

test('off, nothing is sent; the caller’s trace is in the log all the same', async () => {
  const plane = await open({})
  await get(plane, '/v1/me', `00-${traceId}-${parentId}-01`)
  await get(plane, '/v1/me', 'nonsense')
  await plane.close()
  expect(received).toEqual([])
  const logged = lines.filter(({ route }) => route === '/v1/me')
  expect(logged.map((line) => line['traceId'])).toEqual([traceId, undefined])
})
