import { routes, scopeNames, toOpenApi } from '@core/api'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { arbitraryOf, bent, type JsonSchema, type Known } from './schema-arbitrary.ts'
import { openTestServer, type Reply, type ServedDatabase, type TestServer } from './test-server.ts'

/** Requests made from the document alone, and answers held against it: what a stranger with a fuzzer would do. */

const schema = z.record(z.string(), z.unknown())
const operationSchema = z.object({
  operationId: z.string(),
  parameters: z.array(
    z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean(), schema }),
  ),
  requestBody: z
    .object({ required: z.boolean(), content: z.object({ 'application/json': z.object({ schema }) }) })
    .optional(),
  responses: z.record(
    z.string(),
    z.object({ content: z.record(z.string(), z.object({ schema: schema.optional() })).optional() }),
  ),
})
type Operation = z.output<typeof operationSchema>

const document = toOpenApi(routes, { version: '0.0.0' })
const paths = z.record(z.string(), z.record(z.string(), operationSchema)).parse(document['paths'])
/** The two that stream do not end, and have tests of their own. */
const streaming = new Set(['connectRealtime', 'streamEvents'])
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, { operationId }]) => !streaming.has(operationId))
    .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

interface Attempt {
  readonly path: string
  readonly key: string | undefined
  readonly idempotencyKey: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

let server: TestServer
let known: Known
let keys: readonly (string | undefined)[]

/** Of one operation: on a machine that is busy some requests fewer are better than none of the later ones. */
const timeLimitMs = 60_000

/** Registers one test per operation, each of so many requests. */
export function fuzzEveryRoute(requests: number): void {
  beforeAll(async () => {
    server = await openTestServer()
    keys = [server.owner, await server.makeKey('smart_layer', scopeNames), server.keys.manus_origin, undefined, 'junk']
    known = await prepare(server)
  })
  // What the requests archived would refuse nearly all of the later ones.
  afterEach(async () => {
    for (const name of ['smart_layer', 'manus_origin'])
      await server.send('DELETE', `/v1/projects/${name}/archive`, { key: server.owner })
  })
  afterAll(async () => {
    expect(await server.audit()).toMatchObject({ ok: true, clean: true, violations: [] })
    await server[Symbol.asyncDispose]()
  })

  // Each of 1,000 schemas is compiled for a few answers: making its code smaller takes longer than it saves.
  const ajv = new Ajv2020({ strict: false, allErrors: true, code: { optimize: false } })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')

  test.each(operations.map((each) => [each.operation.operationId, each] as const))(
    '%s answers every request as the document says',
    async (_, { path, method, operation }) => {
      await fc.assert(
        fc.asyncProperty(attemptArbitrary(path, operation), async ({ path: address, ...attempt }) => {
          const reply = await server.send(method, address, attempt)
          check(reply, operation, `#/paths/${pointer(path)}/${method.toLowerCase()}`)
        }),
        { numRuns: requests, interruptAfterTimeLimit: timeLimitMs, markInterruptAsFailure: false, endOnFailure: true },
      )
    },
  )

  function check(reply: Reply, { operationId, responses }: Operation, at: string): void {
    const { status, text } = reply
    expect(status, text).toBeLessThan(500)
    const response = responses[String(status)]
    if (response === undefined) throw new Error(`${operationId} answered ${status}, which is not declared: ${text}`)
    const [type = ''] = String(reply.headers['content-type']).split(';')
    expect(Object.keys(response.content ?? {}), text).toContain(type)
    if (status >= 400) expect(type).toBe('application/problem+json')
    expect(text).not.toMatch(/\n\s+at |node_modules|\.ts:\d|plpgsql|select .* from /)
    if (!type.endsWith('json')) return
    const reference = `document${at}/responses/${status}/content/${pointer(type)}/schema`
    const validate = ajv.getSchema(reference)
    if (validate === undefined) throw new Error(`no schema at ${reference}`)
    if (!validate(reply.body)) throw new Error(`${operationId}: ${ajv.errorsText(validate.errors)}: ${text}`)
  }
}

function attemptArbitrary(path: string, { operationId, parameters, requestBody }: Operation): fc.Arbitrary<Attempt> {
  const among = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const fields = (place: string): JsonSchema => ({
    type: 'object',
    properties: Object.fromEntries(among(place).map(({ name, schema }) => [name, schema])),
    required: among(place).flatMap(({ name, required }) => (required ? [name] : [])),
    additionalProperties: false,
  })
  const oneIn = (weight: number, usual: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: bent(usual) })
  const rarely = <Value>(...values: Value[]) =>
    fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...values) })
  const mine = operationId === 'updateAccount' ? { ...known, code: ['smart_layer/spare'] } : known
  const bodySchema = requestBody?.content['application/json'].schema
  return fc
    .record({
      params: oneIn(9, arbitraryOf(fields('path'), mine)),
      query: oneIn(5, arbitraryOf(fields('query'), mine)),
      body: bodySchema === undefined ? fc.constant(undefined) : oneIn(3, arbitraryOf(resolve(bodySchema), mine)),
      raw: rarely('{', '[', '', 'null', '"x"', '{"a":1,}', '\u0000', '{"__proto__":{}}'),
      key: fc.oneof({ weight: 8, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(keys.length - 1) }),
      idempotencyKey: fc.oneof(
        { weight: 8, arbitrary: fc.uuid() },
        { weight: 1, arbitrary: fc.constantFrom(null, 'again', 'x'.repeat(201), ' ', '\u00ff') },
      ),
      type: rarely('text/plain', 'application/xml', 'application/json; charset=latin1', 'json'),
    })
    .map(
      ({ params, query, body, raw, key, idempotencyKey, type }): Attempt => ({
        path: toAddress(path, Object(params), Object(query)),
        key: keys[key],
        idempotencyKey: parameters.some(({ name }) => name === 'Idempotency-Key') ? idempotencyKey : null,
        headers: type === null || requestBody === undefined ? {} : { 'content-type': type },
        body: requestBody === undefined ? undefined : (raw ?? JSON.stringify(body) ?? 'null'),
      }),
    )
}

function toAddress(path: string, params: object, query: object): string {
  const given = new Map(Object.entries(params))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(given.get(name) ?? 'missing'))
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`
}

/** What cannot be encoded cannot be sent, either, nor a part of a path that every client folds, however it is written. */
function encode(value: unknown): string {
  const text = typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value)
  if (text === '.' || text === '..') return '-'
  return encodeURIComponent(text).slice(0, 2000).replace(/%.?$/, '') || '-'
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}

function resolve(schema: JsonSchema): JsonSchema {
  const { $ref } = schema
  if (typeof $ref !== 'string') return schema
  const components = z
    .object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(document['components'])
  const found = components.schemas[$ref.split('/').at(-1) ?? '']
  if (found === undefined) throw new Error(`${$ref} leads nowhere`)
  return found
}

/** Something of each kind, so that not every request meets a missing one. */
async function prepare({ send, owner }: ServedDatabase): Promise<Known> {
  const at = '/v1/projects/smart_layer'
  const made = async (path: string, body: unknown, field: string) => {
    const reply = await send('POST', `${at}${path}`, { key: owner, body })
    if (reply.status >= 300) throw new Error(`${path}: ${reply.text}`)
    return reply.body[field]
  }
  for (const name of ['agent', 'spare'])
    await made('/accounts', { account: `smart_layer/${name}`, funding: 'parent' }, 'account')
  const hold = () => made('/holds', { account: 'smart_layer', amount: 1000, ttlSeconds: 86_400 }, 'hold')
  const holds = [await hold(), await hold(), await hold()]
  const lease = { account: 'smart_layer', amount: 1000, ttlSeconds: 86_400, device: 'laptop' }
  const leases = [await made('/credit-leases', lease, 'lease'), await made('/credit-leases', lease, 'lease')]
  const apiKeys = [await made('/api-keys', { name: 'spare' }, 'id'), await made('/api-keys', { name: 'more' }, 'id')]
  const charges = [await made('/charges', { account: 'smart_layer', amount: 500 }, 'tx')]
  const accounts = ['smart_layer', 'smart_layer/agent', 'manus_origin', 'pool', 'smart_layer/none']
  return {
    project: ['smart_layer', 'smart_layer', 'current', 'manus_origin', 'no_such_project'],
    account: accounts,
    parent: accounts,
    code: accounts,
    from: accounts,
    to: accounts,
    id: [...holds, ...leases, ...apiKeys],
    hold: holds,
    lease: leases,
    tx: charges,
    charge: charges,
    amount: [1, 1000, 1_000_000],
  }
}
