import { once } from 'node:events'
import { createServer } from 'node:http'
import { silentLogger } from '@core/foundation'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

const fake = await startFakeProvider({ apiKey: 'sk-right' })
const open = await startFakeProvider({})
const slow = await startSlowProvider()
const errors: unknown[] = []
let server: TestServer
beforeAll(async () => {
  server = await openTestServer({ ...silentLogger, error: (...line: unknown[]) => errors.push(line) }, undefined, {
    env: {
      CORE_ROUTER_PRIVATE_HOSTS: [fake, open, slow].map(({ url }) => new URL(url).host).join(','),
      OPENAI_API_KEY: 'sk-wrong',
      OPENAI_BASE_URL: fake.url,
    },
  })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'openai', model: 'gpt', rates } })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
  await open[Symbol.asyncDispose]()
  await slow[Symbol.asyncDispose]()
})

/** Refuses the old key once `refuse` is called, and answers every other one as the fake does. */
async function startSlowProvider() {
  const asked = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  const http = createServer(async (request, response) => {
    const { authorization = '' } = request.headers
    if (authorization === 'Bearer sk-old') {
      asked.resolve()
      await refused.promise
    }
    const headers = { authorization, 'content-type': 'application/json' }
    const body = Buffer.concat(await Array.fromAsync(request))
    const answer = await fetch(new URL(request.url ?? '/', fake.url), { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const address = http.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`,
    asked: asked.promise,
    refuse: refused.resolve,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await once(http.close(), 'close')
    },
  }
}

test('a key that its provider refuses is seen by the operator: an error in the log, and a counter', async () => {
  const key = server.keys.smart_layer
  const body = { model: 'openai/gpt', messages: [{ role: 'user', content: 'What is a hold?' }], max_tokens: 10 }
  const reply = await server.send('POST', '/v1/projects/current/openai/v1/chat/completions', { key, body })
  expect(reply).toMatchObject({ status: 502, body: { error: { message: expect.stringContaining('the key') } } })
  expect(errors).toEqual([
    [expect.objectContaining({ target: 'openai/gpt', reason: 'auth' }), expect.stringContaining('secret')],
  ])
  const text = await server.metrics()
  expect(text).toContain('core_model_coolings_total{reason="auth"} 1')
  expect(text).toContain('core_model_coolings_total{reason="faults"} 0')
})

describe('a key that was wrong', () => {
  const chat = (provider: string) =>
    server.send('POST', '/v1/projects/current/openai/v1/chat/completions', {
      key: server.keys.smart_layer,
      body: { model: `${provider}/gpt`, messages: [{ role: 'user', content: 'What is a hold?' }], max_tokens: 10 },
    })
  const setSecret = (name: string, value: string) =>
    server.send('PUT', `/v1/projects/smart_layer/secrets/${name}`, { key: server.owner, body: { value } })
  const follow = () => server.runLoop('follow model routes')

  test.each([
    ['refused', 'sk-wrong'],
    ['malformed', 'sk-right\n'],
    ['missing', undefined],
  ])('is %s, and once it is set right, calls pass without waiting', async (what, wrong) => {
    const body = { kind: 'openai', baseUrl: fake.url, secret: `${what}_key` }
    await server.send('PUT', `/v1/projects/smart_layer/providers/${what}`, { key: server.owner, body })
    const rates = [
      { unit: 'input', nanoUsdPerMillion: 1 },
      { unit: 'output', nanoUsdPerMillion: 1 },
    ]
    await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: what, model: 'gpt', rates } })
    if (wrong !== undefined) await setSecret(`${what}_key`, wrong)
    await follow()
    const refusal = {
      status: 502,
      body: { error: { message: expect.stringContaining('missing, malformed or refused') } },
    }
    expect(await chat(what)).toMatchObject(refusal)
    // The same key again would be refused again: the provider is left alone.
    await follow()
    expect(await chat(what)).toMatchObject({
      status: 503,
      body: { error: { message: expect.stringContaining(`${what}/gpt (cooling: its key is missing`) } },
    })
    // Not shared: what others had written would begin again what a new key has ended.
    expect(await server.test.sql('select target, reason from core.model_cooling')).toEqual([])
    await setSecret(`${what}_key`, 'sk-right')
    await expect.poll(async () => (await chat(what)).status, { interval: 300 }).toBe(200)
  })

  test('is the one that the call was sent with, and not the one that was set meanwhile', async () => {
    const put = (name: string, baseUrl: string) =>
      server.send('PUT', `/v1/projects/smart_layer/providers/${name}`, {
        key: server.owner,
        body: { kind: 'openai', baseUrl, secret: 'replaced_key' },
      })
    const rates = [
      { unit: 'input', nanoUsdPerMillion: 1 },
      { unit: 'output', nanoUsdPerMillion: 1 },
    ]
    for (const [name, url] of [
      ['slow', slow.url],
      ['quick', fake.url],
    ] as const) {
      await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: name, model: 'gpt', rates } })
      await put(name, url)
    }
    await setSecret('replaced_key', 'sk-old')
    await follow()
    const underWay = chat('slow')
    await slow.asked
    // The other provider has the same key: when its refusal ends, the plane has read the new one.
    expect((await chat('quick')).status).toBe(502)
    await setSecret('replaced_key', 'sk-right')
    await follow()
    expect((await chat('quick')).status).toBe(200)
    slow.refuse()
    expect((await underWay).status).toBe(502)
    await follow()
    expect((await chat('slow')).status).toBe(200)
  })

  test('is another one at another address, too', async () => {
    const put = (baseUrl: string) =>
      server.send('PUT', '/v1/projects/smart_layer/providers/moved', {
        key: server.owner,
        body: { kind: 'openai', baseUrl },
      })
    const rates = [
      { unit: 'input', nanoUsdPerMillion: 1 },
      { unit: 'output', nanoUsdPerMillion: 1 },
    ]
    await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'moved', model: 'gpt', rates } })
    await put(fake.url)
    await follow()
    expect((await chat('moved')).status).toBe(502)
    await put(open.url)
    await follow()
    expect((await chat('moved')).status).toBe(200)
  })
})

const set = (targets: object[], query = '') =>
  server.send('PUT', `/v1/projects/smart_layer/routes/fast${query}`, { key: server.owner, body: { targets } })

test('a route to a provider that is not there is refused, and the answer says which are', async () => {
  expect(
    await set([
      { provider: 'openai', model: 'gpt' },
      { provider: 'opneai', model: 'gpt' },
    ]),
  ).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/no provider opneai.*local.*openai/) },
  })
  // What belongs to one project is not there for all.
  await server.send('PUT', '/v1/projects/smart_layer/providers/mine', { key: server.owner, body: { kind: 'openai' } })
  expect(await set([{ provider: 'mine' }], '?shared=true')).toMatchObject({ status: 400 })
  expect(await set([{ provider: 'mine' }])).toMatchObject({ status: 200 })
})

test('a route to a model without a price is refused, and the answer says which have one', async () => {
  expect(await set([{ provider: 'openai', model: 'gpt5' }])).toMatchObject({
    status: 400,
    body: { detail: expect.stringMatching(/no model gpt5 .*Did you mean gpt/) },
  })
  expect(await set([{ provider: 'openai', model: 'gpt' }])).toMatchObject({ status: 200 })
})

test('a provider and a price that were set a moment ago count at once, also where another control plane set them', async () => {
  const chat = () =>
    server.send('POST', '/v1/projects/current/openai/v1/chat/completions', {
      key: server.keys.smart_layer,
      body: { model: 'late/new', messages: [{ role: 'user', content: 'What is a hold?' }], max_tokens: 10 },
    })
  expect((await chat()).status).toBe(404)
  const { database } = server.kernel
  await database.rpc('provider_set', { p_name: 'late', p_kind: 'openai', p_base_url: open.url })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1 },
    { unit: 'output', nanoUsdPerMillion: 1 },
  ]
  await expect.poll(async () => (await chat()).status, { interval: 300 }).toBe(400) // the price is missing still
  await database.rpc('price_set', { p_provider: 'late', p_model: 'new', p_rates: rates })
  await expect.poll(async () => (await chat()).status, { interval: 300 }).toBe(200)
})
