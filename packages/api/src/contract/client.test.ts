import { CoreError, raceSignal } from '@core/foundation'
import { expect, expectTypeOf, test } from 'vitest'
import { reserveHold, settleHold } from '../ledger/routes/hold.ts'
import { getProject } from '../project/routes.ts'
import { routes } from '../routes.ts'
import { type Client, createCaller, createClient } from './client.ts'

interface Sent {
  url: string
  method: string
  headers: Headers
  body: unknown
}

/** A client whose requests land in `sent` and are answered by `reply`. */
function clientWith(reply: (sent: Sent) => Response | Promise<Response>, timeoutMs?: number) {
  const sent: Sent[] = []
  const client = createClient({
    url: 'http://127.0.0.1:4400/',
    key: 'ck_live_x',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const text = await request.text()
      const one = { url: request.url, method: request.method, headers: request.headers, body: text && JSON.parse(text) }
      sent.push(one)
      const answer = reply(one)
      return init?.signal ? raceSignal(Promise.resolve(answer), init.signal) : answer
    },
  })
  return { client, sent }
}

const reserved = reserveHold.examples[0].response
const json = (status: number, body: unknown) => Response.json(body, { status })
const id = '019ab2c4-0000-7000-8000-000000000000'

test('there is a method for every route', () => {
  const { client } = clientWith(() => json(200, {}))
  expect(Object.keys(client)).toEqual(routes.map(({ operation }) => operation))
})

test('a call sends key, idempotency key and body, and returns the parsed answer', async () => {
  const { client, sent } = clientWith(() => json(201, { ...reserved, later: 'a field of a newer server' }))
  const answer = await client.reserveHold({
    params: { project: 'current' },
    body: { account: 'smart_layer', amount: 5 },
  })
  expect(answer).toEqual(reserved)
  expect(sent).toMatchObject([
    {
      url: 'http://127.0.0.1:4400/v1/projects/current/holds',
      method: 'POST',
      body: { account: 'smart_layer', amount: 5 },
    },
  ])
  expect(sent[0]?.headers.get('authorization')).toBe('Bearer ck_live_x')
  expect(sent[0]?.headers.get('content-type')).toBe('application/json')
  expect(sent[0]?.headers.get('idempotency-key')).toMatch(/^[0-9a-f-]{36}$/)
})

test('two calls are two effects, unless the caller says they are one', async () => {
  const { client, sent } = clientWith(() => json(200, settleHold.examples[0].response))
  const request = { params: { project: 'current', id }, body: { amount: 1 } }
  await client.settleHold(request)
  await client.settleHold(request)
  await client.settleHold(request, { idempotencyKey: 'job-1' })
  await client.settleHold(request, { idempotencyKey: 'job-1' })
  const keys = sent.map(({ headers }) => headers.get('idempotency-key'))
  expect(new Set(keys.slice(0, 2)).size).toBe(2)
  expect(keys.slice(2)).toEqual(['job-1', 'job-1'])
})

test('an edit names the state it is made for, with or without its quotes', async () => {
  const { client, sent } = clientWith(() => json(404, {}))
  const request = { params: { project: 'current', code: 'a' }, body: {} }
  for (const ifMatch of ['abc', '"abc-def"', '*'])
    await client.updateAccount(request, { ifMatch }).catch(() => undefined)
  await client.updateAccount(request, { ifNoneMatch: '*' }).catch(() => undefined)
  const named = sent.map(({ headers }) => [headers.get('if-match'), headers.get('if-none-match')])
  expect(named).toEqual([
    ['"abc"', null],
    ['"abc-def"', null],
    ['*', null],
    [null, '*'],
  ])
})

test('codes with a slash stay one path segment, and a query is encoded', async () => {
  const { client, sent } = clientWith(() => json(404, {}))
  await client
    .getHistory({ params: { project: 'current', code: 'a/b c?' }, query: { limit: 5, op: 'x&y' } })
    .catch(() => undefined)
  expect(sent[0]?.url).toBe('http://127.0.0.1:4400/v1/projects/current/accounts/a%2Fb%20c%3F/history?limit=5&op=x%26y')
})

test('a problem document becomes a CoreError with its facts', async () => {
  const { client } = clientWith(() =>
    Response.json(
      {
        type: '/problems/insufficient_credits',
        title: 'Not enough credits',
        status: 402,
        detail: 'smart_layer has 3 left',
        instance: 'req_1',
        code: 'insufficient_credits',
        errors: [],
        retryable: false,
        fix: 'Ask for less.',
        available: 3,
      },
      { status: 402, headers: { 'content-type': 'application/problem+json' } },
    ),
  )
  const call = client.reserveHold({ params: { project: 'current' }, body: { account: 'smart_layer', amount: 5 } })
  await expect(call).rejects.toMatchObject({
    name: 'CoreError',
    code: 'E_CONFLICT',
    fix: 'Ask for less.',
    details: { code: 'insufficient_credits', status: 402, available: 3, instance: 'req_1' },
  })
})

test.each([
  [502, '<html>bad gateway</html>', true],
  [404, '{}', false],
  [500, '', false],
])('status %d without a problem document is an error all the same', async (status, body, retryable) => {
  const { client } = clientWith(() => new Response(body, { status }))
  await expect(client.live()).rejects.toMatchObject({ code: 'E_INTERNAL', retryable, details: { status } })
})

test('a success that is not what the contract says is not passed on', async () => {
  const { client } = clientWith(() => json(200, { hold: 7 }))
  await expect(client.getHold({ params: { project: 'current', id } })).rejects.toMatchObject({ code: 'E_INTERNAL' })
})

test('a server that cannot be reached is retryable', async () => {
  const { client } = clientWith(() => Promise.reject(new TypeError('fetch failed')))
  await expect(client.live()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
})

test('a call ends at its limit and when its caller gives up', async () => {
  const { client } = clientWith(() => new Promise(() => {}))
  await expect(client.live({}, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  const controller = new AbortController()
  const call = client.live({}, { signal: controller.signal })
  controller.abort()
  await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
  await expect(call).rejects.toBeInstanceOf(CoreError)
})

test('the types know which parts a call needs', () => {
  type Request<Name extends keyof Client> = Parameters<Client[Name]>[0]
  expectTypeOf<Request<'live'>>().toEqualTypeOf<Request<'live'> | undefined>()
  expectTypeOf<Request<'getHold'>>().toMatchObjectType<{ readonly params: { project: string; id: string } }>()
  expectTypeOf<undefined>().not.toExtend<Request<'getHold'>>()
  expectTypeOf<{ params: { project: string }; body: { account: string } }>().not.toExtend<Request<'chargeCredits'>>()
  expectTypeOf<{ params: { project: string }; body: { account: string; amount: number } }>().toExtend<
    Request<'chargeCredits'>
  >()
  expectTypeOf<Awaited<ReturnType<Client['reserveHold']>>['granted']>().toEqualTypeOf<number>()
})

test('what a project stored comes back as it was sent, under every name', async () => {
  const example = getProject.examples[0].response
  const metadata = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
  const { client } = clientWith(() => json(200, { ...example, metadata }))
  const answer = await client.getProject({ params: { project: 'current' } })
  expect(JSON.stringify(answer.metadata)).toBe(JSON.stringify(metadata))
})

test('the error of a mutation has the key that was sent, also one that was made here', async () => {
  const { client, sent } = clientWith(() => Promise.reject(new TypeError('fetch failed')))
  const request = { params: { project: 'current', id }, body: { amount: 1 } }
  for (const options of [{}, { idempotencyKey: 'job-1' }]) {
    const error = await client.settleHold(request, options).catch((failure: unknown) => failure)
    const idempotencyKey = sent.at(-1)?.headers.get('idempotency-key')
    expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', details: { idempotencyKey } })
    expect(idempotencyKey).toMatch(/./)
  }
})

test.each([
  ['a key', { key: 'ck_live_x\n' }, {}, 'the key'],
  ['an idempotency key', {}, { idempotencyKey: '注文-1' }, 'idempotencyKey'],
  ['an idempotency key that would be trimmed', {}, { idempotencyKey: 'job ' }, 'idempotencyKey'],
  ['an etag', {}, { ifMatch: 'ä\0' }, 'ifMatch'],
])('%s that no header can carry is refused before anything is sent', async (_, client, call, named) => {
  const send = () => Promise.reject(new Error('sent'))
  const made = createClient({ url: 'http://127.0.0.1:4400', fetch: send, ...client })
  const request = { params: { project: 'current' }, body: { account: 'a', amount: 1 } }
  await expect(made.reserveHold(request, call)).rejects.toMatchObject({
    code: 'E_INVALID',
    message: expect.stringContaining(named),
  })
})

test.each([
  [{ id: 'a\ud800' }, /^id has half of a surrogate pair/],
  [{ id: '' }, /^id is missing or empty/],
  [{}, /^id is missing or empty/],
])('the path %j is refused before anything is sent, whatever types say', async (params, message) => {
  const call = createCaller({ url: 'http://127.0.0.1:4400', fetch: () => Promise.reject(new Error('sent')) })
  await expect(call('getHold', { params: { project: 'a', ...params } })).rejects.toMatchObject({
    code: 'E_INVALID',
    message: expect.stringMatching(message),
  })
})

test('half of a surrogate pair in a query is refused, and becomes no other character', async () => {
  const { client, sent } = clientWith(() => json(200, {}))
  const query = { user: 'a\ud800' }
  await expect(client.listModelCalls({ params: { project: 'a' }, query })).rejects.toMatchObject({ code: 'E_INVALID' })
  expect(sent).toEqual([])
})
