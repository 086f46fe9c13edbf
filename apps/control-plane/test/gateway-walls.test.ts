import { runSql } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type Reply, serveDatabase, type TestServer, unlimited } from './test-server.ts'

/** What a credential of one project reaches of another's models: nothing, and it does not learn that they are there. */

const fake = await startFakeProvider({ pauseMs: 1 })
const env = {
  CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host,
  OPENAI_API_KEY: 'sk-shared',
  OPENAI_BASE_URL: fake.url,
}
let server: TestServer
let ours: string
let theirs: string
beforeAll(async () => {
  server = await openTestServer(undefined, undefined, {
    env,
  })
  const scopes = ['model:call', 'model:read', 'model:write', 'secret:write', 'ledger:read'] as const
  ours = await server.makeKey('smart_layer', scopes)
  theirs = await server.makeKey('manus_origin', scopes)
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'openai', model: 'gpt', rates } })
  const own = '/v1/projects/smart_layer'
  for (const [path, body] of [
    ['/secrets/mine', { value: 'sk-of-smart-layer' }],
    ['/providers/mine', { kind: 'openai', baseUrl: fake.url, secret: 'mine' }],
    ['/routes/ours', { targets: [{ provider: 'mine', model: 'gpt' }] }],
  ] as const) {
    expect(await server.send('PUT', `${own}${path}`, { key: ours, body }), path).toMatchObject({ status: 200 })
  }
  expect(await chat(ours, 'ours')).toMatchObject({ status: 200 })
  expect(fake.requests.at(-1)?.key).toBe('sk-of-smart-layer')
  await server.runLoop('write model calls')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

const messages = [{ role: 'user', content: 'What is a hold?' }]
const chat = (
  key: string,
  model: unknown,
  {
    project = 'current',
    headers = {},
    fields = {},
  }: { project?: string; headers?: Record<string, string>; fields?: object } = {},
): Promise<Reply> =>
  server.send('POST', `/v1/projects/${project}/openai/v1/chat/completions`, {
    key,
    body: { model, messages, max_tokens: 20, ...fields },
    headers,
    idempotencyKey: null,
  })

test("another project's providers, routes, calls, secrets and addresses are not there", async () => {
  const target = [{ provider: 'local' }]
  const before = fake.requests.length
  for (const [method, path, body] of [
    ['GET', '/providers'],
    ['PUT', '/providers/mine', { kind: 'openai', baseUrl: 'https://elsewhere.example/v1' }],
    ['DELETE', '/providers/mine'],
    ['GET', '/routes'],
    ['PUT', '/routes/ours', { targets: target }],
    ['DELETE', '/routes/ours'],
    ['GET', '/routes/ours/explain'],
    ['GET', '/calls'],
    ['GET', '/secrets'],
    ['PUT', '/secrets/mine', { value: 'sk-changed' }],
    ['DELETE', '/secrets/mine'],
    ['GET', '/openai/v1/models'],
    ['POST', '/openai/v1/chat/completions', { model: 'ours', messages }],
    ['POST', '/anthropic/v1/messages', { model: 'ours', messages, max_tokens: 5 }],
  ] as const) {
    const options = { key: theirs, ...(body === undefined ? {} : { body }) }
    const reply = await server.send(method, `/v1/projects/smart_layer${path}`, options)
    const missing = await server.send(method, `/v1/projects/no_such_project${path}`, options)
    expect([403, 404], `${method} ${path}: ${reply.text}`).toContain(reply.status)
    // Not even that there is such a project.
    expect({ status: reply.status, code: reply.body['code'] }, path).toEqual({
      status: missing.status,
      code: missing.body['code'],
    })
  }
  expect(fake.requests).toHaveLength(before)
  expect(await chat(ours, 'ours')).toMatchObject({ status: 200 })
})

test('from its own side, names of another project lead nowhere', async () => {
  const before = fake.requests.length
  for (const model of ['ours', 'mine/gpt', 'smart_layer:mine/gpt', 'smart_layer/mine/gpt', '../smart_layer/ours', '*'])
    expect((await chat(theirs, model)).body, model).toMatchObject({ error: { code: 'model_not_found' } })
  for (const account of ['smart_layer', 'pool', 'smart_layer/u:ann', 'manus_origin/../smart_layer', 'manus_origin/'])
    expect((await chat(theirs, 'openai/gpt', { headers: { 'core-account': account } })).status, account).toBe(404)
  expect(fake.requests).toHaveLength(before)
  const { text } = await server.send('GET', '/v1/projects/current/openai/v1/models', { key: theirs })
  expect(text).not.toContain('ours')
  // A provider of its own gets its own secret, whatever the other's is called.
  await server.send('PUT', '/v1/projects/current/providers/mine', {
    key: theirs,
    body: { kind: 'openai', baseUrl: fake.url, secret: 'mine' },
  })
  expect(await chat(theirs, 'mine/gpt')).toMatchObject({ status: 502 })
  expect(fake.requests.map(({ key }) => key).slice(before)).not.toContain('sk-of-smart-layer')
  await server.send('DELETE', '/v1/projects/current/providers/mine', { key: theirs })
})

test('a kept answer is only for who asked, and a cached one only for its project', async () => {
  const once = { headers: { 'idempotency-key': 'once' } }
  expect((await chat(ours, 'openai/gpt', once)).status).toBe(200)
  expect((await chat(ours, 'openai/gpt', once)).headers).toMatchObject({ 'idempotency-replayed': 'true' })
  expect((await chat(theirs, 'openai/gpt', once)).headers).not.toHaveProperty('idempotency-replayed')
  const other = await server.makeKey('smart_layer', ['model:call'])
  expect(await chat(other, 'openai/gpt', once)).toMatchObject({ status: 409 })
  const cached = { headers: { 'core-cache': '60' } }
  await chat(ours, 'openai/gpt', cached)
  expect((await chat(ours, 'openai/gpt', cached)).headers).toMatchObject({ 'core-cache': 'hit' })
  expect((await chat(theirs, 'openai/gpt', cached)).headers).not.toHaveProperty('core-cache')
})

test('NUL and half characters are refused wherever they are, and hold and log up nothing', async () => {
  const admin = `/v1/projects/smart_layer`
  await server.send('PUT', `${admin}/routes/*`, { key: ours, body: { targets: [{ provider: 'openai' }] } })
  const odd = ['a\u0000b', '\ud83d', 'x\udc00', '\u0000']
  for (const text of odd) {
    const name = JSON.stringify(text)
    for (const fields of [
      { model: text },
      { user: text },
      { safety_identifier: text },
      { prompt_cache_key: text },
      { service_tier: text },
    ]) {
      const reply = await chat(ours, 'openai/gpt', { fields })
      expect(reply.status, `${Object.keys(fields)} ${name}: ${reply.text}`).toBeLessThan(500)
    }
    for (const [path, body] of [
      ['/routes/odd', { targets: [{ provider: 'openai', model: text }] }],
      ['/routes/odd', { targets: [{ provider: 'openai' }], policy: { region: text } }],
      ['/providers/odd', { kind: 'openai', baseUrl: fake.url, settings: { region: text } }],
      ['/providers/odd', { kind: 'openai', baseUrl: `https://a.example/${text}` }],
      ['/secrets/odd', { value: text }],
    ] as const) {
      const reply = await server.send('PUT', `${admin}${path}`, { key: ours, body })
      expect([400, 200], `${path} ${name}: ${reply.text}`).toContain(reply.status)
      if (path !== '/secrets/odd') expect(reply.status, `${path} ${name}`).toBe(400)
    }
  }
  for (const path of ['routes/%00', 'routes/%ED%A0%80', 'providers/a%00', 'routes/a%00/explain'])
    expect((await server.send('GET', `${admin}/${path}`, { key: ours })).status, path).toBeLessThan(500)
  const filters = ['route=%00', 'user=a%00b', 'flag=%00', 'target=%ED%A0%80']
  for (const filter of filters)
    expect((await server.send('GET', `${admin}/calls?${filter}`, { key: ours })).status, filter).toBeLessThan(500)
  await server.send('DELETE', `${admin}/routes/*`, { key: ours })
  await server.runLoop('write model calls')
  expect(
    await runSql(server.test.database, "select count(*)::text as n from core.ledger_hold where status = 'open'", []),
  ).toEqual([{ n: '0' }])
  expect(await server.audit()).toMatchObject({ ok: true })
})

test('what calls asked and answered is kept where the route says so: sealed, without secrets, for who may read it', async () => {
  const admin = await server.makeKey('smart_layer', ['model:content'])
  const key = 'sk-proj-abcdefghijklmnopqrstuvwx'
  const body = { targets: [{ provider: 'openai', model: 'gpt' }], policy: { log: 'content' } }
  await server.send('PUT', '/v1/projects/smart_layer/routes/kept', { key: ours, body })
  const asked = { model: 'kept', max_tokens: 20, messages: [{ role: 'user', content: `Keep ${key} and canary-words` }] }
  const answered = await server.send('POST', '/v1/projects/current/openai/v1/chat/completions', {
    key: ours,
    body: asked,
    idempotencyKey: null,
  })
  expect(answered.status).toBe(200)
  const call = String(answered.headers['x-request-id'])
  await server.runLoop('write model calls')
  const [row] = await runSql(server.test.database, 'select call, sealed from core.model_content', [])
  expect(row).toMatchObject({ call })
  expect(JSON.stringify(row)).not.toContain('canary-words')

  const path = (project: string) => `/v1/projects/${project}/calls/${call}/content`
  const read = await server.send('GET', path('current'), { key: admin })
  expect(read).toMatchObject({ status: 200, body: { call, isCut: false } })
  expect(read.text).toContain('Keep [redacted] and canary-words')
  expect(read.text).not.toContain(key)
  expect(await server.send('GET', path('current'), { key: ours })).toMatchObject({ status: 403 })
  const other = await server.makeKey('manus_origin', ['model:content'])
  expect(await server.send('GET', path('current'), { key: other })).toMatchObject({ status: 404 })
  expect(await server.send('GET', path('smart_layer'), { key: other })).toMatchObject({ status: 404 })
  for (const unknown of ['nothing', '%00', 'a'.repeat(300)]) {
    const { status } = await server.send('GET', `/v1/projects/current/calls/${unknown}/content`, { key: admin })
    expect([400, 404]).toContain(status)
  }

  // Moved to another call, it does not open.
  await runSql(server.test.database, `update core.model_content set call = 'moved'`, [])
  const moved = await server.send('GET', '/v1/projects/current/calls/moved/content', { key: admin })
  expect(moved.status).toBe(409)
  await runSql(server.test.database, `update core.model_content set at = at - interval '8 days'`, [])
  expect(await server.send('GET', '/v1/projects/current/calls/moved/content', { key: admin })).toMatchObject({
    status: 404,
  })
  // More than one sweep takes.
  await runSql(
    server.test.database,
    `insert into core.model_content (project, call, at, sealed)
    select 'smart_layer', n::text, clock_timestamp() - interval '8 days', 'x' from generate_series(1, 10001) n`,
    [],
  )
  await server.runLoop('sweep model calls')
  expect(await runSql(server.test.database, 'select from core.model_content', [])).toEqual([])
})

test('without a key of the seal no route has log: content, and one that has it serves its calls', async () => {
  await using keyless = await serveDatabase(server.test.database, silentLogger, unlimited, {
    isFilled: true,
    env: { ...env, CORE_SECRETS_KEY: '', CORE_DATABASE_URL: 'postgres://127.0.0.1:1/none' },
  })
  const body = { targets: [{ provider: 'openai', model: 'gpt' }], policy: { log: 'content' } }
  const path = '/v1/projects/smart_layer/routes/unsealed'
  const refused = await keyless.send('PUT', path, { key: ours, body })
  expect(refused).toMatchObject({ status: 409, body: { reason: 'no_secrets_key' } })
  expect(refused.text).toContain('CORE_SECRETS_KEY')
  expect(await server.send('PUT', path, { key: ours, body })).toMatchObject({ status: 200 })
  const call = () =>
    keyless.send('POST', '/v1/projects/current/openai/v1/chat/completions', {
      key: ours,
      body: { model: 'unsealed', messages, max_tokens: 20 },
      headers: { 'core-cache': '60' },
      idempotencyKey: null,
    })
  for (const { status, headers } of [await call(), await call()]) {
    expect(status).toBe(200)
    expect(headers).not.toHaveProperty('core-cache')
  }
  await keyless.runLoop('write model calls')
  const { body: read } = await server.send('GET', '/v1/projects/current/calls?route=unsealed', { key: ours })
  expect(read['data']).toHaveLength(2)
  expect(await runSql(server.test.database, 'select from core.model_content', [])).toEqual([])
})

test('a cached answer is sealed in the cache of its project, which every control plane reads and the project may clear', async () => {
  const cached = { headers: { 'core-cache': '60' } }
  const body = { targets: [{ provider: 'openai', model: 'gpt' }], policy: { hitBasisPoints: 5_000 } }
  await server.send('PUT', '/v1/projects/smart_layer/routes/halved', { key: ours, body })
  const cost = Number((await chat(ours, 'halved', cached)).headers['core-cost-micro-credits'])
  const stored = await runSql(
    server.test.database,
    `select convert_from(value, 'utf8') as value from core.cache_entry where project = 'smart_layer' and namespace = 'model-answers'`,
    [],
  )
  expect(stored.length).toBeGreaterThan(0)
  expect(JSON.stringify(stored)).not.toContain('choices')
  await using second = await serveDatabase(server.test.database, silentLogger, unlimited, { isFilled: true, env })
  const hit = await second.send('POST', '/v1/projects/current/openai/v1/chat/completions', {
    key: ours,
    headers: cached.headers,
    body: { model: 'halved', messages, max_tokens: 20 },
    idempotencyKey: null,
  })
  expect(hit.headers).toMatchObject({
    'core-cache': 'hit',
    'core-cost-micro-credits': String(Math.ceil(cost / 2)),
  })
  const clear = await server.makeKey('smart_layer', ['cache:operate'])
  expect(await server.send('DELETE', '/v1/projects/current/cache/model-answers', { key: clear })).toMatchObject({
    status: 200,
  })
  expect((await chat(ours, 'halved', cached)).headers).not.toHaveProperty('core-cache')
})
