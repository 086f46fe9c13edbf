import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, runSql } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProgram } from './start-program.ts'
import { openTestServer, type TestServer } from './test-server.ts'

/** Conversations of the official client that continue a response: at OpenAI, at a provider that keeps nothing, and here. */

const fake = await startFakeProvider({ pauseMs: 1 })
const forgetful = await startFakeProvider({ pauseMs: 1, keepsResponses: false })
const rates = [
  { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
  { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
]
let server: TestServer
let url: string
let ours: string

beforeAll(async () => {
  const hosts = [fake, forgetful].map((one) => new URL(one.url).host).join(',')
  server = await openTestServer(undefined, undefined, {
    env: { CORE_ROUTER_PRIVATE_HOSTS: hosts, OPENAI_API_KEY: 'sk-canary', OPENAI_BASE_URL: fake.url },
  })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  ours = await server.makeKey('smart_layer', ['model:call', 'model:write', 'model:read'])
  for (const provider of ['openai', 'small', 'local'])
    for (const model of ['gpt', 'gpt-500', 'local'])
      await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider, model, rates } })
  await server.send('PUT', '/v1/projects/smart_layer/providers/small?shared=true', {
    key: server.owner,
    body: { kind: 'openai-compatible', baseUrl: forgetful.url },
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
  await forgetful[Symbol.asyncDispose]()
})

const clientOf = (apiKey: string, defaultHeaders: Record<string, string> = {}, project = 'current') =>
  new OpenAI({ apiKey, baseURL: `${url}/v1/projects/${project}/openai/v1`, maxRetries: 0, defaultHeaders })
const journal = async () =>
  (await runSql(server.test.database, 'select count(*)::text as n from core.ledger_tx', []))[0]?.['n']
const first = 'What is a hold?'
const second = 'And what is a lease?'
/** Of a message, whichever form its content has. */
const textOf = (item: object) => {
  const { content } = item as { content: string | { text: string }[] }
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}
const user = (content: string) => ({ type: 'message' as const, role: 'user' as const, content })

for (const [model, keeper] of [
  ['openai/gpt', 'its provider'],
  ['small/gpt', 'the gateway, for a provider that keeps nothing'],
  ['local', 'the gateway, for models of this process'],
] as const) {
  test(`the official client continues, reads and deletes responses that are kept by ${keeper}`, async () => {
    const client = clientOf(ours)
    const begun = await client.responses.create({ model, input: first })
    const next = await client.responses.create({ model, input: second, previous_response_id: begun.id })
    const explicit = await client.responses.create({
      model,
      input: [
        user(first),
        ...begun.output.map((item) => ({ ...item })),
        user(second),
      ] as OpenAI.Responses.ResponseInput,
    })
    expect(next.output_text).toBe(explicit.output_text)
    expect(next.output_text).not.toBe((await client.responses.create({ model, input: second })).output_text)
    // The conversation is what is paid for, wherever it is kept.
    expect(next.usage?.input_tokens).toBe(explicit.usage?.input_tokens)

    const stream = client.responses.stream({ model, input: 'Continue.', previous_response_id: next.id })
    const last = await stream.finalResponse()
    expect(last.output_text).toMatch(/\w+/)
    const branched = await client.responses.create({ model, input: 'Continue.', previous_response_id: next.id })
    expect(branched.output_text).toBe(last.output_text)
    const after = await client.responses.create({ model, input: 'More.', previous_response_id: last.id })
    expect(after.output_text).toMatch(/\w+/)

    const before = await journal()
    const read = await client.responses.retrieve(last.id)
    expect(read).toMatchObject({ id: last.id, status: 'completed', store: true, previous_response_id: next.id })
    expect(read.output_text).toBe(last.output_text)
    const items = (await client.responses.inputItems.list(last.id, { order: 'asc' })).data
    const messages = items.filter((item) => item.type === 'message')
    expect(messages.filter((item) => item.role === 'user').map(textOf)).toEqual([first, second, 'Continue.'])
    const newest = await client.responses.inputItems.list(last.id, { limit: 1 })
    expect(newest.data.map(textOf)).toEqual(['Continue.'])
    expect(newest.has_more).toBe(true)
    await expect(client.responses.retrieve(last.id, { stream: true })).rejects.toMatchObject({
      status: 400,
      code: 'unsupported',
    })
    await client.responses.delete(last.id)
    await expect(client.responses.inputItems.list(last.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(client.responses.retrieve(last.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(client.responses.delete(last.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(
      client.responses.create({ model, input: 'More.', previous_response_id: last.id }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' })
    expect(await journal()).toBe(before)
    // What came before and behind it stays.
    expect((await client.responses.retrieve(next.id)).id).toBe(next.id)
    expect((await client.responses.retrieve(after.id)).id).toBe(after.id)
  })

  test(`what is not to be stored, or is another's, is missing (${model})`, async () => {
    const client = clientOf(ours)
    const unstored = await client.responses.create({ model, input: first, store: false })
    const stored = await client.responses.create({ model, input: first })
    const sent = fake.requests.length + forgetful.requests.length
    const others = [
      clientOf(server.keys.manus_origin),
      clientOf(await server.makeKey('smart_layer')),
      clientOf(server.owner, {}, 'smart_layer'),
    ]
    for (const [asking, { id }] of [
      [client, unstored],
      ...others.map((other) => [other, stored] as const),
      [client, { id: 'resp_nothing' }],
    ] as const) {
      await expect(asking.responses.retrieve(id)).rejects.toMatchObject({ status: 404, code: 'not_found' })
      await expect(asking.responses.inputItems.list(id)).rejects.toMatchObject({ status: 404, code: 'not_found' })
      await expect(asking.responses.delete(id)).rejects.toMatchObject({ status: 404, code: 'not_found' })
      await expect(
        asking.responses.create({ model: 'local', input: second, previous_response_id: id }),
      ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
    }
    expect(fake.requests.length + forgetful.requests.length).toBe(sent)
    expect((await client.responses.retrieve(stored.id)).id).toBe(stored.id)
  })
}

test('ids of any form are missing ones, and other values are refused', async () => {
  const base = `${url}/v1/projects/current/openai/v1/responses`
  const headers = { authorization: `Bearer ${ours}`, 'content-type': 'application/json' }
  const sent = fake.requests.length
  // What no text can be is refused before it has a dialect.
  expect((await fetch(`${base}/%ED%A0%80`, { headers })).status).toBe(400)
  const odd = ['%00', '..%2Fmodels', '%2e%2e', 'a'.repeat(201), 'a%00', '%F0%9F%98%80', 'x%3Fy']
  for (const id of odd)
    for (const method of ['GET', 'DELETE']) {
      const reply = await fetch(`${base}/${id}`, { method, headers })
      expect(reply.status, `${method} ${id}`).toBe(404)
      expect(await reply.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    }
  for (const [id, code] of [
    ['"\\u0000"', 'previous_response_not_found'],
    ['"\\ud800"', 'previous_response_not_found'],
    [`"${'a'.repeat(100_000)}"`, 'previous_response_not_found'],
    ['""', 'previous_response_not_found'],
    ['7', 'invalid_request'],
    ['{"id":"a"}', 'invalid_request'],
  ] as const) {
    const body = `{"model":"local","input":"Hi","previous_response_id":${id}}`
    const reply = await fetch(base, { method: 'POST', headers, body })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code, param: 'previous_response_id' } })
  }
  for (const field of ['"background":true', '"conversation":"conv_1"']) {
    const reply = await fetch(base, { method: 'POST', headers, body: `{"model":"local","input":"Hi",${field}}` })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: 'unsupported' } })
  }
  expect(fake.requests).toHaveLength(sent)
})

test('a conversation stays with the provider that began it, without a fallback', async () => {
  const client = clientOf(ours)
  const lead = async (...targets: { provider: string; model: string }[]) => {
    const body = { targets, policy: { choose: 'order' } }
    const set = await server.send('PUT', '/v1/projects/smart_layer/routes/talk', { key: ours, body })
    expect(set.status).toBe(200)
  }
  await lead({ provider: 'openai', model: 'gpt' })
  const begun = await client.responses.create({ model: 'talk', input: first })
  const goOn = () =>
    client.responses
      .create({ model: 'talk', input: second, previous_response_id: begun.id }, { headers: { 'Core-Tags': 'pinned' } })
      .withResponse()
  await lead({ provider: 'small', model: 'gpt' }, { provider: 'openai', model: 'gpt' })
  expect((await goOn()).response.headers.get('core-target')).toBe('openai/gpt')
  expect(fake.requests.at(-1)).toMatchObject({ key: 'sk-canary', body: { previous_response_id: begun.id } })
  const elsewhere = forgetful.requests.length
  await lead({ provider: 'openai', model: 'gpt-500' }, { provider: 'small', model: 'gpt' })
  await expect(goOn()).rejects.toMatchObject({ status: 502 })
  await lead({ provider: 'small', model: 'gpt' })
  await expect(goOn()).rejects.toMatchObject({ status: 400, param: 'model' })
  expect(forgetful.requests).toHaveLength(elsewhere)
  // A provider that the project gives the same name is another one.
  await server.send('PUT', '/v1/projects/smart_layer/providers/openai', {
    key: ours,
    body: { kind: 'openai-compatible', baseUrl: forgetful.url },
  })
  await lead({ provider: 'openai', model: 'gpt' })
  await expect(goOn()).rejects.toMatchObject({ status: 400, param: 'model' })
  expect(forgetful.requests).toHaveLength(elsewhere)
  expect((await client.responses.retrieve(begun.id)).id).toBe(begun.id)
  await server.send('DELETE', '/v1/projects/smart_layer/providers/openai', { key: ours })
})

test('what is kept here is sealed, bounded, swept after a week, and never shared through the cache', async () => {
  const client = clientOf(ours)
  const hidden = await client.responses.create({ model: 'local', input: 'Canary conversation' })
  const rows = await runSql(server.test.database, 'select r::text as row, sealed from core.model_response r', [])
  expect(JSON.stringify(rows)).not.toMatch(/Canary|resp_/)
  expect(rows.filter(({ sealed }) => sealed !== null).length).toBeGreaterThan(0)
  const large = await client.responses.create({ model: 'local', input: 'word '.repeat(60_000) })
  await expect(client.responses.retrieve(large.id)).rejects.toMatchObject({ status: 404 })

  const caching = clientOf(ours, { 'Core-Cache': '60' })
  const ask = async (store: boolean) => (await caching.responses.create({ model: 'local', input: 'Cached?', store })).id
  expect(await ask(true)).not.toBe(await ask(true))
  expect(await ask(false)).toBe(await ask(false))

  const atProvider = await client.responses.create({ model: 'openai/gpt', input: first })
  await runSql(server.test.database, "update core.model_response set at = at - interval '8 days'", [])
  await expect(client.responses.retrieve(hidden.id)).rejects.toMatchObject({ status: 404 })
  await server.runLoop('sweep model calls')
  const count = () =>
    runSql(
      server.test.database,
      'select count(sealed)::text as sealed, (count(*) > 0)::text as left from core.model_response',
      [],
    )
  expect(await count()).toEqual([{ sealed: '0', left: 'true' }])
  expect((await client.responses.retrieve(atProvider.id)).id).toBe(atProvider.id)
  await runSql(server.test.database, "update core.model_response set at = at - interval '31 days'", [])
  await server.runLoop('sweep model calls')
  expect(await count()).toEqual([{ sealed: '0', left: 'false' }])
})

test('the call that continues a conversation reserves for all of it', async () => {
  const client = clientOf(ours)
  const begun = await client.responses.create({ model: 'openai/gpt', input: 'word '.repeat(5_000) })
  const tokens = (begun.usage?.input_tokens ?? 0) + (begun.usage?.output_tokens ?? 0)
  await client.responses.create({
    model: 'openai/gpt',
    input: second,
    previous_response_id: begun.id,
    max_output_tokens: 20,
  })
  const [row] = await runSql(
    server.test.database,
    "select amount::text as n from core.ledger_tx where op = 'reserve' order by id desc limit 1",
    [],
  )
  expect(Number(row?.['n'])).toBeGreaterThan(tokens)
})

test('a response that was answered is known after kill -9 of the plane', { timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-response-'))
  const database = await createTestDatabase()
  const ownerKey = 'owner-key-of-the-kill-tests-0123456789'
  try {
    const { rpc } = database.database
    await rpc('project_register', { p_name: 'killed' })
    await rpc('ledger_account_open', { p_key: 'killed', p_account: 'killed', p_kind: 'project' })
    await rpc('ledger_grant', { p_key: 'killed:grant', p_account: 'killed', p_amount: 1_000_000_000 })
    for (const provider of ['openai', 'local'])
      await rpc('price_set', { p_provider: provider, p_model: provider === 'openai' ? 'gpt' : 'local', p_rates: rates })
    const start = () =>
      startProgram(folder, {
        CORE_DATABASE_URL: database.url,
        CORE_OWNER_KEY: ownerKey,
        CORE_SECRETS_KEY: 'A'.repeat(43),
        CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host,
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: fake.url,
      })
    const clientAt = (at: string) =>
      new OpenAI({ apiKey: ownerKey, baseURL: `${at}/v1/projects/killed/openai/v1`, maxRetries: 0 })
    const { url: before, child } = await start()
    const killed = once(child, 'exit')
    const plain = await clientAt(before).responses.create({ model: 'openai/gpt', input: first })
    const stream = await clientAt(before).responses.create({ model: 'local', input: first, stream: true })
    let streamed = ''
    for await (const event of stream) {
      if (event.type !== 'response.completed') continue
      streamed = event.response.id
      child.kill('SIGKILL')
      break
    }
    await killed
    const next = await start()
    try {
      for (const [model, id] of [
        ['openai/gpt', plain.id],
        ['local', streamed],
      ] as const) {
        const { responses } = clientAt(next.url)
        expect((await responses.retrieve(id)).id).toBe(id)
        const more = await responses.create({ model, input: second, previous_response_id: id })
        expect(more.output_text).toMatch(/\w+/)
      }
    } finally {
      next.child.kill('SIGTERM')
      await once(next.child, 'exit')
    }
  } finally {
    await database.drop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
