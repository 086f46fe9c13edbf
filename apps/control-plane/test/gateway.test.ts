import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import Anthropic from '@anthropic-ai/sdk'
import type { Database, JsonInput } from '@core/database'
import { runSql } from '@core/database/testing'
import { microCredits } from '@core/ledger'
import { startFakeProvider } from '@core/providers/testing'
import { generateText, streamText } from 'ai'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCallerLedgers } from '../src/nouns/router/caller-ledgers.ts'
import { openTestServer, type TestServer } from './test-server.ts'

const fake = await startFakeProvider({ pauseMs: 5 })
let server: TestServer
let url: string

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, {
    env: { CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host, OPENAI_API_KEY: 'sk-canary', OPENAI_BASE_URL: fake.url },
  })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
    { unit: 'seconds', nanoUsdPerMillion: 1_000_000_000 },
  ]
  const models = ['gpt', 'gpt-eof', 'gpt-500', 'gpt-429', 'gpt-slow', 'local', 'other']
  for (const model of models) {
    for (const provider of ['openai', 'anthropic', 'local']) {
      await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider, model, rates } })
    }
  }
  await setProvider('claude', { kind: 'anthropic', baseUrl: fake.url })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

async function setProvider(name: string, body: object) {
  const reply = await server.send('PUT', `/v1/projects/smart_layer/providers/${name}?shared=true`, {
    key: server.owner,
    body,
  })
  expect(reply.status).toBe(200)
}

const messages = [{ role: 'user' as const, content: 'Canary prompt: what is a hold?' }]
const openai = (apiKey = server.keys.smart_layer, project = 'current', defaultHeaders: Record<string, string> = {}) =>
  new OpenAI({ apiKey, baseURL: `${url}/v1/projects/${project}/openai/v1`, defaultHeaders })
const anthropic = (apiKey = server.keys.smart_layer) =>
  new Anthropic({ apiKey, authToken: null, baseURL: `${url}/v1/projects/current/anthropic` })

/** What the journal says of the calls of a route, newest first. */
async function settlesOf(route: string) {
  await server.runLoop('write model calls')
  const { body } = await server.send('GET', `/v1/projects/current/calls?route=${encodeURIComponent(route)}`, {
    key: server.keys.smart_layer,
  })
  const rows = await runSql(
    server.test.database,
    "select t.amount::text as charged, t.request -> 'metadata' ->> 'target' as target from core.ledger_tx t where t.op = 'settle' and t.request -> 'metadata' ->> 'route' = $1 order by t.id desc",
    [route],
  )
  return { rows, calls: body['data'] as readonly Record<string, unknown>[] }
}

test('the official OpenAI client chats, streams and embeds with another base URL', async () => {
  const client = openai()
  const { data: chat, response } = await client.chat.completions
    .create({ model: 'openai/gpt', messages, max_tokens: 100 })
    .withResponse()
  expect(chat.choices[0]?.message.content).toMatch(/\w+/)
  const cost = (chat.usage?.prompt_tokens ?? 0) + 2 * (chat.usage?.completion_tokens ?? 0)
  expect(response.headers.get('core-cost-micro-credits')).toBe(String(cost))
  const stream = await client.chat.completions.create({ model: 'openai/gpt', messages, max_tokens: 100, stream: true })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe(chat.choices[0]?.message.content)
  const { rows, calls } = await settlesOf('openai/gpt')
  expect(rows).toEqual([cost, cost].map((charged) => ({ charged: String(charged), target: 'openai/gpt' })))
  expect(calls).toMatchObject([{ charged: cost, attempts: 1, flags: [] }, { charged: cost }])
  const sent = fake.requests.at(-1)
  expect(sent).toMatchObject({ model: 'gpt', key: 'sk-canary', path: '/chat/completions' })
  const embedded = await client.embeddings.create({ model: 'local', input: ['one text', 'another'] })
  expect(embedded.data).toHaveLength(2)
  expect(embedded.data[0]?.embedding).toHaveLength(256)
})

test('Responses, transcriptions and the list of models work with the official client', async () => {
  const client = openai()
  const response = await client.responses.create({ model: 'local', input: 'What is a hold?' })
  expect(response.output_text).toMatch(/\w+/)
  const events: string[] = []
  for await (const event of await client.responses.create({ model: 'local', input: 'What is a hold?', stream: true }))
    events.push(event.type)
  expect(events.at(-1)).toBe('response.completed')
  const spoken = await client.audio.transcriptions.create({
    model: 'local',
    file: await toFile(new Uint8Array(40_000), 'a.wav'),
  })
  expect(spoken.text).toMatch(/\w+/)
  const names: string[] = []
  for await (const { id } of client.models.list()) names.push(id)
  expect(names).toContain('local')
  const { baseURL, apiKey } = client
  const headers = { authorization: `Bearer ${apiKey}` }
  for (const name of ['local', 'claude/gpt', 'local/any/of it']) {
    const model = { id: name, object: 'model', created: 0, owned_by: 'core' }
    expect(await client.models.retrieve(name)).toEqual(model)
    // Some clients leave the slashes as they are.
    expect(await (await fetch(`${baseURL}/models/${name}`, { headers })).json()).toEqual(model)
  }
  await expect(client.models.retrieve('nothing/gpt')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  expect(await anthropic().models.retrieve('claude/gpt')).toMatchObject({ id: 'claude/gpt', type: 'model' })
  await expect(anthropic().models.retrieve('a%00')).rejects.toBeInstanceOf(Anthropic.NotFoundError)
})

test('the official Anthropic client sends and streams messages', async () => {
  const client = anthropic()
  const message = await client.messages.create({ model: 'claude/gpt', max_tokens: 100, messages })
  expect(message.content[0]).toMatchObject({ type: 'text' })
  const stream = client.messages.stream({ model: 'claude/gpt', max_tokens: 100, messages })
  expect(await stream.finalText()).toBe(message.content[0]?.type === 'text' ? message.content[0].text : '')
  const cost = message.usage.input_tokens + 2 * message.usage.output_tokens
  const { rows } = await settlesOf('claude/gpt')
  expect(rows).toEqual([cost, cost].map((charged) => ({ charged: String(charged), target: 'claude/gpt' })))
  await expect(client.messages.create({ model: 'nothing', max_tokens: 1, messages })).rejects.toBeInstanceOf(
    Anthropic.NotFoundError,
  )
})

test('official clients reach providers of the other dialect: chats are translated, nothing else is', async () => {
  const chat = await openai().chat.completions.create({ model: 'claude/gpt', messages, max_tokens: 100 })
  const text = chat.choices[0]?.message.content
  expect(text).toMatch(/\w+/)
  const runner = openai().chat.completions.stream({ model: 'claude/gpt', messages, max_tokens: 100 })
  expect(await runner.finalContent()).toBe(text)
  expect(fake.requests.at(-1)).toMatchObject({ path: '/messages', model: 'gpt' })
  const message = await anthropic().messages.create({ model: 'openai/gpt', max_tokens: 100, messages })
  expect(message.content).toMatchObject([{ type: 'text', text }])
  const stream = anthropic().messages.stream({ model: 'openai/gpt', max_tokens: 100, messages })
  expect(await stream.finalText()).toBe(text)
  expect((await stream.finalMessage()).usage.output_tokens).toBe(message.usage.output_tokens)
  expect(fake.requests.at(-1)).toMatchObject({ path: '/chat/completions', model: 'gpt', key: 'sk-canary' })
  await expect(openai().embeddings.create({ model: 'claude/gpt', input: 'one' })).rejects.toMatchObject({ status: 501 })
})

test('the AI SDK generates and streams text', async () => {
  const baseURL = `${url}/v1/projects/current/openai/v1`
  const core = createOpenAICompatible({ name: 'core', baseURL, apiKey: server.keys.smart_layer, includeUsage: true })
  const prompt = 'What does the AI SDK ask?'
  const { text, usage } = await generateText({ model: core.chatModel('openai/gpt'), prompt, maxOutputTokens: 100 })
  expect(text).toMatch(/\w+/)
  const streamed = streamText({ model: core.chatModel('openai/gpt'), prompt, maxOutputTokens: 100 })
  expect(await streamed.text).toBe(text)
  expect((await streamed.usage).outputTokens).toBe(usage.outputTokens)
})

test('a stream that breaks is an error for both clients, and nothing is sent twice', async () => {
  const before = fake.requests.length
  const broken = async () => {
    const stream = await openai().chat.completions.create({ model: 'openai/gpt-eof', messages, stream: true })
    for await (const _ of stream);
  }
  await expect(broken()).rejects.toThrow('ended the stream early')
  const stream = anthropic().messages.stream({ model: 'claude/gpt-eof', max_tokens: 100, messages })
  await expect(stream.finalText()).rejects.toThrow('ended the stream early')
  await expect(openai().chat.completions.create({ model: 'openai/gpt-500', messages })).rejects.toMatchObject({
    status: 502,
  })
  expect(fake.requests).toHaveLength(before + 3)
})

test('refusals are errors of the dialect, and official clients do not send the request again', async () => {
  const poor = await server.makeKey('manus_origin')
  const budget = '/v1/projects/manus_origin/accounts/manus_origin/budgets/tiny'
  const set = await server.send('PUT', budget, { key: server.owner, body: { period: 'day', limit: 10 } })
  expect(set.status).toBe(200)
  const before = fake.requests.length
  const denied = await openai(poor)
    .chat.completions.create({ model: 'openai/gpt', messages })
    .catch((error: unknown) => error)
  expect(denied).toBeInstanceOf(OpenAI.APIError)
  expect(denied).toMatchObject({ status: 402, code: 'budget_exhausted', type: 'insufficient_credits' })
  await expect(openai('ck_test_nothing').models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  await expect(openai(poor, 'smart_layer').models.list()).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  const reader = await server.makeKey('smart_layer', ['ledger:read'])
  await expect(openai(reader).chat.completions.create({ model: 'local', messages })).rejects.toBeInstanceOf(
    OpenAI.PermissionDeniedError,
  )
  await expect(openai().chat.completions.create({ model: 'nothing', messages })).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  })
  await expect(
    openai(undefined, 'current', { 'Core-Account': 'manus_origin' }).chat.completions.create({
      model: 'local',
      messages,
    }),
  ).rejects.toMatchObject({ status: 404 })
  const bad = await fetch(`${url}/v1/projects/current/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${poor}` },
    body: '{',
  })
  expect(bad.status).toBe(400)
  expect(await bad.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
  const missing = await fetch(`${url}/v1/projects/current/openai/v1/nothing`, { method: 'POST' })
  expect(missing.status).toBe(404)
  expect(fake.requests).toHaveLength(before)
})

test('a request that is sent again with its Idempotency-Key gets the answer that was kept, sealed', async () => {
  const client = openai()
  const options = { maxRetries: 0, headers: { 'Idempotency-Key': 'only-once' } }
  const before = fake.requests.length
  const ask = (max_tokens: number) =>
    client.chat.completions.create({ model: 'openai/gpt', messages, max_tokens }, options).withResponse()
  const first = await ask(100)
  const again = await ask(100)
  expect(again.data).toEqual(first.data)
  expect(again.response.headers.get('idempotency-replayed')).toBe('true')
  await expect(ask(101)).rejects.toBeInstanceOf(OpenAI.ConflictError)
  expect(fake.requests).toHaveLength(before + 1)
  // The answer of one key of a project is never another's.
  const other = openai(await server.makeKey('smart_layer'))
  await expect(
    other.chat.completions.create({ model: 'openai/gpt', messages, max_tokens: 100 }, options),
  ).rejects.toBeInstanceOf(OpenAI.ConflictError)
  const kept = await runSql(server.test.database, 'select left(sealed, 6) as form from core.model_answer', [])
  expect(kept).toEqual([{ form: 'core1.' }])
  // Another project that sends the same key makes a call of its own, and reads nothing of this one.
  await server.send('PUT', '/v1/projects/manus_origin/accounts/manus_origin/budgets/tiny', {
    key: server.owner,
    body: { period: 'day', limit: 1_000_000 },
  })
  const theirs = openai(await server.makeKey('manus_origin'))
  const apart = await theirs.chat.completions
    .create({ model: 'local', messages, max_tokens: 100 }, options)
    .withResponse()
  expect(apart.response.headers.get('idempotency-replayed')).toBeNull()
  expect(apart.data.id).not.toBe(first.data.id)
  await runSql(server.test.database, "delete from core.model_answer where project = 'manus_origin'", [])
  await runSql(server.test.database, "update core.model_answer set at = at - interval '25 hours'", [])
  await expect(ask(100)).rejects.toBeInstanceOf(OpenAI.ConflictError)
  await server.runLoop('sweep model calls')
  expect(await runSql(server.test.database, 'select from core.model_answer', [])).toEqual([])
})

test('an answer may come from the cache where the request asks for it', async () => {
  const client = openai(undefined, 'current', { 'Core-Cache': '60' })
  const body = { model: 'openai/gpt', messages, max_tokens: 77 }
  const before = fake.requests.length
  const first = await client.chat.completions.create(body)
  const { data, response } = await client.chat.completions.create(body).withResponse()
  expect(data).toEqual(first)
  expect(response.headers.get('core-cache')).toBe('hit')
  expect(fake.requests).toHaveLength(before + 1)
  const wrong = openai(undefined, 'current', { 'Core-Cache': 'long' })
  await expect(wrong.chat.completions.create(body)).rejects.toBeInstanceOf(OpenAI.BadRequestError)
})

test('tokens are counted without a provider', async () => {
  const before = fake.requests.length
  const { input_tokens } = await anthropic().messages.countTokens({ model: 'claude/gpt', messages })
  expect(input_tokens).toBeGreaterThan(5)
  expect(fake.requests).toHaveLength(before)
})

test('bodies are large, and take turns', async () => {
  const long = [{ role: 'user' as const, content: 'word '.repeat(1_000_000) }]
  const answers = await Promise.all(
    Array.from({ length: 3 }, () => openai().chat.completions.create({ model: 'local', messages: long })),
  )
  for (const { usage } of answers) expect(usage?.prompt_tokens).toBeGreaterThan(500_000)
  const tooLarge = await fetch(`${url}/v1/projects/current/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.keys.smart_layer}` },
    body: Buffer.alloc(33 * 1024 * 1024, 32),
  })
  expect(tooLarge.status).toBe(413)
  expect(await tooLarge.json()).toMatchObject({ error: { code: 'too_large' } })
})

test('routes, tags and end users: what was charged is in the ledger, by model, tag and user', async () => {
  const key = server.keys.smart_layer
  const admin = await server.makeKey('smart_layer', ['model:write', 'model:read', 'model:call'])
  const set = await server.send('PUT', '/v1/projects/current/routes/fast', {
    key: admin,
    body: {
      targets: [
        { provider: 'openai', model: 'gpt-500' },
        { provider: 'openai', model: 'other' },
      ],
      policy: { choose: 'order', endUsers: { limit: 1_000_000, period: 'day' } },
    },
  })
  expect(set.status).toBe(200)
  const client = openai(key, 'current', { 'Core-Tags': 'nightly, report' })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      client.chat.completions.create({ model: 'fast', messages, user: 'ann' }).withResponse(),
    ),
  )
  expect(answers.map(({ response }) => response.headers.get('core-target'))).toEqual(
    Array.from({ length: 8 }, () => 'openai/other'),
  )
  const { calls } = await settlesOf('fast')
  const charged = calls.reduce((sum, call) => sum + Number(call['charged']), 0)
  expect(calls).toHaveLength(8)
  const facts = { account: 'smart_layer/u:ann', user: 'ann', tags: ['nightly', 'report'], model: 'other' }
  for (const call of calls) expect(call).toMatchObject(facts)
  // The last ones may begin when the first target cools already.
  expect(calls).toContainEqual(expect.objectContaining({ flags: ['fallback'] }))
  const usage = async (by: string) => {
    const { body } = await server.send(
      'GET',
      `/v1/projects/current/accounts/smart_layer%2Fu:ann/usage?bucket=total&by=${by}`,
      { key },
    )
    return (body['usage'] as readonly { group: readonly string[]; charged: number }[]).map(
      ({ group, charged: sum }) => [group[0], sum],
    )
  }
  expect(await usage('model')).toEqual([['other', charged]])
  expect(await usage('tag')).toEqual(
    expect.arrayContaining([
      ['nightly', charged],
      ['report', charged],
    ]),
  )
  const explained = await server.send('GET', '/v1/projects/current/routes/fast/explain', { key })
  expect(explained.body).toMatchObject({ policy: { choose: 'order' } })
})

test('a tag that a route gives an account has one budget, however many first calls come at once', async () => {
  const admin = await server.makeKey('smart_layer', ['model:write', 'model:read', 'model:call'])
  const targets = [{ provider: 'openai', model: 'other' }]
  const set = (limit: number, more: object = {}) =>
    server.send('PUT', '/v1/projects/current/routes/teams', {
      key: admin,
      body: { targets, policy: { tagAccounts: { prefix: 'team', limit, period: 'day' }, ...more } },
    })
  expect(await set(1_000, { endUsers: { limit: 1, period: 'day' } })).toMatchObject({ status: 400 })
  const estimate = 12 + 2 * 100
  expect(await set(3 * estimate)).toMatchObject({ status: 200 })
  const ask = async (tags: string, key = server.keys.smart_layer) => {
    const client = openai(key, 'current', { 'Core-Tags': tags })
    return client.chat.completions
      .create({ model: 'teams', messages, max_tokens: 100 }, { maxRetries: 0 })
      .then(() => 200)
      .catch((error: unknown) => (error instanceof OpenAI.APIError ? error.status : error))
  }
  const red = await Promise.all(Array.from({ length: 8 }, () => ask('nightly, team:red')))
  expect(red.filter((status) => status === 200).length).toBeGreaterThan(0)
  expect(red.filter((status) => status === 402).length).toBeGreaterThan(0)
  expect([await ask('team:blue'), await ask('team:rød lag'), await ask('nightly'), await ask('team')]).toEqual(
    Array.from({ length: 4 }, () => 200),
  )
  const budgets = await runSql(
    server.test.database,
    "select a.code, b.name, b.limit_amount::text as limit from core.ledger_account a join core.ledger_budget b on b.account_id = a.id where a.code like 'smart_layer/t%' order by a.code",
    [],
  )
  expect(budgets).toEqual([
    { code: 'smart_layer/t:team:blue', name: 'day', limit: String(3 * estimate) },
    { code: 'smart_layer/t:team:red', name: 'day', limit: String(3 * estimate) },
    { code: expect.stringMatching(/^smart_layer\/th:[0-9a-f]{64}$/), name: 'day', limit: String(3 * estimate) },
  ])
  const { calls } = await settlesOf('teams')
  expect(calls.filter(({ account }) => account === 'smart_layer').map(({ tags }) => tags)).toEqual([
    ['team'],
    ['nightly'],
  ])
  // A cap that is raised counts for those that have an account; one that the owner has lowered stays.
  await set(1_000_000)
  expect(await ask('team:red')).toBe(200)
  const lowered = await server.test.database.rpc('ledger_budget_set', {
    p_key: 'owner-cap',
    p_account: 'smart_layer/t:team:blue',
    p_name: 'day',
    p_period: 'day',
    p_limit: 1,
  })
  expect(lowered).toMatchObject({ ok: true })
  await set(2_000_000)
  expect(await ask('team:blue')).toBe(402)
})

test('addresses inside the network are refused in every spelling, before anything is sent', async () => {
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:7f00:1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '10.0.0.1',
    'localhost',
    'metadata.internal',
    '[fd00::1]',
    '0.0.0.0',
    '[::]',
  ]
  const key = await server.makeKey('smart_layer', ['model:write', 'model:call'])
  const before = fake.requests.length
  for (const [index, host] of hosts.entries()) {
    const name = `inside-${index}`
    const set = await server.send('PUT', `/v1/projects/current/providers/${name}`, {
      key,
      body: { kind: 'openai', baseUrl: `https://${host}/v1` },
    })
    expect(set.status, host).toBe(200)
    await expect(openai(key).chat.completions.create({ model: `${name}/gpt`, messages }), host).rejects.toBeInstanceOf(
      OpenAI.APIError,
    )
  }
  expect(fake.requests).toHaveLength(before)
})

test("a project's own provider gets the project's secret, and never the key of the configuration", async () => {
  const key = await server.makeKey('smart_layer', ['model:write', 'model:call', 'secret:write'])
  const setOwn = (name: string) =>
    server.send('PUT', `/v1/projects/current/providers/${name}`, {
      key,
      body: { kind: 'openai', baseUrl: fake.url, secret: name },
    })
  const ask = (name: string) =>
    openai(key).chat.completions.create({ model: `${name}/gpt`, messages }, { maxRetries: 0 })
  const before = fake.requests.length
  await setOwn('openai')
  try {
    await expect(ask('openai')).rejects.toMatchObject({ status: 502 })
    expect(fake.requests).toHaveLength(before)
    await server.send('PUT', '/v1/projects/current/secrets/openai', { key, body: { value: 'sk-of-the-project' } })
    await ask('openai')
    expect(fake.requests.at(-1)?.key).toBe('sk-of-the-project')
  } finally {
    await server.send('DELETE', '/v1/projects/current/providers/openai', { key })
    await server.send('DELETE', '/v1/projects/current/secrets/openai', { key })
  }
})

test('neither prompt nor key is in the database, and the books are equal', async () => {
  await server.runLoop('write model calls')
  const tables = [
    'core.model_answer',
    'core.model_response',
    'core.model_call',
    'core.ledger_tx',
    'core.ledger_hold',
    'core.audit',
    'core.event',
    'core.model_provider',
  ]
  for (const table of tables) {
    const rows = await runSql(server.test.database, `select count(*)::text as n from ${table} t where t::text ~ $1`, [
      'sk-canary|Canary prompt',
    ])
    expect(rows, table).toEqual([{ n: '0' }])
  }
  const open = await runSql(
    server.test.database,
    'select count(*)::text as n from core.ledger_hold where status = $1',
    ['open'],
  )
  expect(open).toEqual([{ n: '0' }])
  const [sums] = await runSql(
    server.test.database,
    'select (select sum(charged) from core.model_call)::text as calls, (select sum(amount) from core.ledger_tx where op = $1)::text as settled',
    ['settle'],
  )
  expect(sums?.['calls']).toBe(sums?.['settled'])
  expect(await server.audit()).toMatchObject({ ok: true })
})

test('a call whose process died is charged the price of its input, once', async () => {
  const ledger = server.test.database
  const hold = await ledger.rpc('ledger_reserve', {
    p_key: 'died',
    p_account: 'smart_layer',
    p_amount: 5_000,
    p_ttl_s: 1,
    p_metadata: { call: 'req_died', target: 'openai/gpt', model: 'gpt', floor: 321 },
  })
  expect(hold).toMatchObject({ ok: true })
  await runSql(
    ledger,
    "update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour' where metadata ->> 'call' = $1",
    ['req_died'],
  )
  await ledger.rpc('ledger_expire_due', {})
  expect(await server.runLoop('recover model calls')).toBe(1)
  expect(await server.runLoop('recover model calls')).toBe(0)
  const [settled] = await runSql(
    ledger,
    "select t.amount::text, t.request -> 'metadata' ->> 'flags' as flags from core.ledger_tx t join core.ledger_hold h on h.id = t.hold where t.op = 'settle' and h.metadata ->> 'call' = $1",
    ['req_died'],
  )
  expect(settled).toEqual({ amount: '321', flags: '["crashed"]' })
  expect(await server.audit()).toMatchObject({ ok: true })
})

test('a call whose process died has its row, whatever metadata others give their holds', async () => {
  const { rpc } = server.test.database
  const lapse = async (key: string, metadata: JsonInput, id: string | null = null) => {
    const reserved = await rpc('ledger_reserve', {
      p_key: key,
      p_account: 'smart_layer',
      p_amount: 5_000,
      p_metadata: metadata,
      p_hold: id,
    })
    return String(Object(reserved).hold)
  }
  const odd = await Promise.all([
    lapse('odd:large', { floor: 1, call: 'c', target: 't', pad: 'x'.repeat(16_310) }),
    lapse('odd:types', {
      floor: 'much',
      target: 1,
      call: { a: 1 },
      subject: [],
      account: null,
      operation: 1,
      route: {},
      tags: 'x',
    }),
    lapse('odd:call', {
      floor: 2,
      target: 't',
      call: 'c'.repeat(300),
      subject: 's',
      account: 'a',
      operation: 'o',
      route: 'r',
    }),
  ])
  const facts = { call: 'req_row', target: 'openai/gpt', model: 'gpt', route: 'fast', operation: 'chat', user: 'ann' }
  const known = { ...facts, account: 'smart_layer/u:ann', subject: 'key:one', tags: ['nightly'], floor: 77 }
  const hold = await lapse('died:row', known)
  // An id that says it is of the year 10,889.
  const later = 'ffffffff-ffff-7fff-bfff-ffffffffffff'
  await lapse('died:later', { ...known, call: 'req_later' }, later)
  await runSql(
    server.test.database,
    "update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour' where id = any ($1::uuid[])",
    [`{${[...odd, hold, later].join(',')}}`],
  )
  await rpc('ledger_expire_due', {})
  expect(await server.runLoop('recover model calls')).toBe(5)
  const { body } = await server.send('GET', '/v1/projects/current/calls?flag=crashed', { key: server.keys.smart_layer })
  const row = { ...facts, account: 'smart_layer/u:ann', subject: 'key:one', tags: ['nightly'], charged: 77, hold }
  const [found, ...others] = (body['data'] as readonly Record<string, unknown>[]).filter(
    ({ call }) => call === 'req_row',
  )
  expect(found).toMatchObject({ ...row, flags: ['crashed'], status: 500 })
  expect(Math.abs(Date.parse(String(found?.['at'])) - Date.now())).toBeLessThan(300_000)
  expect(others).toEqual([])
  expect(await server.audit()).toMatchObject({ ok: true })
})

test('where a crash costs nothing, the hold of a call whose process died is closed all the same', async () => {
  const { rpc } = server.test.database
  const metadata = { call: 'req_free', target: 'openai/gpt', model: 'gpt', floor: 321 }
  await rpc('ledger_reserve', { p_key: 'free', p_account: 'smart_layer', p_amount: 5_000, p_metadata: metadata })
  const sql = (text: string) => runSql(server.test.database, text, ['req_free'])
  await sql(
    "update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour' where metadata ->> 'call' = $1",
  )
  await rpc('ledger_expire_due', {})
  await expect(rpc('router_recover', { p_crash: 'much' })).rejects.toMatchObject({ code: 'E_INVALID' })
  expect(await rpc('router_recover', { p_crash: 'nothing' })).toMatchObject({ recovered: 1, charged: 0 })
  expect(await rpc('router_recover', { p_crash: 'floor' })).toMatchObject({ recovered: 0 })
  expect(await sql("select status from core.ledger_hold where metadata ->> 'call' = $1")).toEqual([
    { status: 'settled_late' },
  ])
})

test('an end user who has an account is not made sure of at each call', async () => {
  const { database } = server.test
  let asked = 0
  const rpc: Database['rpc'] = (name, args, options) => {
    if (name === 'ledger_user_ensure') asked++
    return database.rpc(name, args, options)
  }
  const ledger = createCallerLedgers({ rpc }).of({ subject: 'key:test' }, 'smart_layer')
  const input = { user: 'bob', period: 'day', project: 'smart_layer' } as const
  const ensure = (limit: number) => ledger.ensureUser({ ...input, limit: microCredits(limit) })
  const first = await ensure(1_000)
  expect(first).toMatchObject({ status: 'ensured', account: 'smart_layer/u:bob' })
  expect(await ensure(1_000)).toEqual(first)
  expect(asked).toBe(1)
  await ensure(2_000)
  expect(asked).toBe(2)
})

test('the log of calls keeps 30 days, or those that are set', async () => {
  const { database } = server.test
  const count = () => runSql(database, 'select count(*)::int::text as n from core.model_call', [])
  const before = await count()
  const copy = (age: string) =>
    runSql(
      database,
      `insert into core.model_call (project, call, at, subject, account, operation, route, status, usage, charged, flags, tags, attempts, total_ms)
        select project, 'aged ' || $1, clock_timestamp() - $1::interval, subject, account, operation, route, status, usage, 0, flags, tags, attempts, total_ms
        from core.model_call limit 1`,
      [age],
    )
  await copy('31 days')
  await copy('29 days')
  expect(await server.runLoop('sweep model calls')).toBe(1)
  const [{ n: earlier } = {}] = before
  expect(await count()).toEqual([{ n: String(Number(earlier) + 1) }])
  expect(await database.rpc('router_sweep', { p_days: 28 })).toMatchObject({ removed: 1 })
  expect(await count()).toEqual(before)
  await expect(database.rpc('router_sweep', { p_days: 0 })).rejects.toMatchObject({ code: 'E_INVALID' })
})
