import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { type FakeProvider, startFakeProvider, startFakeS3 } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningProgram, startProgram } from './start-program.ts'
import { ownerKey, secretsKeys } from './test-server.ts'

const canary = (name: string) => `kanari-${name}-${uuidv7()}`
const providerKey = canary('key')
const refusedKey = canary('refused')
const prompt = canary('prompt')
const storeKeys = { accessKeyId: canary('store'), secretAccessKey: canary('store-secret') }
const faults = '429 500 html cut eof early-error late-error badsse nousage zero wild hang-headers hang slow'.split(' ')

const opened = new AsyncDisposableStack()
let database: TestDatabase
let fake: FakeProvider
let bucket: Awaited<ReturnType<typeof startFakeS3>>
let running: RunningProgram
let metricsUrl: string
const traced: string[] = []
const delivered: string[] = []
const collector = await listen((text) => void traced.push(text))
const receiver = await listen((text) => void delivered.push(text), 500)

/** Takes what it is sent and answers with a status. */
async function listen(take: (text: string) => void, status = 200): Promise<{ readonly host: string }> {
  const server = createServer((request, response) => {
    take(JSON.stringify(request.headers))
    request.setEncoding('utf8').on('data', take)
    request.on('end', () => response.writeHead(status).end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `127.0.0.1:${portOf(server.address())}` }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-canary-'))
  opened.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  database = await createTestDatabase()
  opened.defer(() => database.drop())
  fake = opened.use(await startFakeProvider({ apiKey: providerKey, pauseMs: 1 }))
  bucket = opened.use(await startFakeS3(storeKeys))
  const { rpc } = database.database
  await rpc('project_register', { p_name: 'singing' })
  await rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'singing' })
  await rpc('ledger_grant', { p_key: uuidv7(), p_account: 'singing', p_amount: 1_000_000_000 })
  const rates = ['input', 'output', 'seconds'].map((unit) => ({ unit, nanoUsdPerMillion: 1_000_000_000 }))
  await rpc('price_set', { p_provider: 'openai', p_model: 'gpt', p_rates: rates })
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const metricsPort = portOf(free.address())
  free.close()
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
  running = await startProgram(folder, {
    AWS_ACCESS_KEY_ID: storeKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: storeKeys.secretAccessKey,
    CORE_DATABASE_URL: database.url,
    CORE_OWNER_KEY: ownerKey,
    CORE_SECRETS_KEY: secretsKeys[0],
    CORE_LOG_LEVEL: 'debug',
    CORE_METRICS_PORT: String(metricsPort),
    CORE_OVERLOAD_MAX_LOOP_DELAY_MS: '60000', // on a busy machine
    CORE_PRICE_UNKNOWN: 'dearest',
    CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host,
    CORE_STORAGE_READ_ALSO: `s3=${bucket.url}/files`,
    CORE_WEBHOOK_PRIVATE_HOSTS: receiver.host,
    OPENAI_API_KEY: providerKey,
    OPENAI_BASE_URL: fake.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.host}`,
  })
  opened.defer(() => void running.child.kill('SIGKILL'))
})
afterAll(() => opened.disposeAsync())

const refusals: string[] = []

async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const post = method === 'POST' ? { 'idempotency-key': uuidv7() } : {}
  const response = await fetch(`${running.url}/v1/projects/singing${path}`, {
    method,
    headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json', ...post, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  if (!response.ok) refusals.push(text)
  return { status: response.status, text }
}

/** A model call in either dialect, whole or as a stream; one that hangs is left. */
async function ask(token: string, model: string, operation: 'chat' | 'messages', stream: boolean) {
  const path = operation === 'chat' ? '/openai/v1/chat/completions' : '/anthropic/v1/messages'
  try {
    const response = await fetch(`${running.url}/v1/projects/singing${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': uuidv7() },
      body: JSON.stringify({ model, stream, max_tokens: 50, messages: [{ role: 'user', content: prompt }] }),
      signal: AbortSignal.timeout(model.includes('hang') ? 200 : 10_000),
    })
    const text = await response.text()
    if (!response.ok) refusals.push(text)
  } catch {
    // It was left, or broken off.
  }
}

/** Signs in with the owner key by the form: what the browser was given, and the page that it sees then. */
async function signIn(query = '') {
  const begun = await fetch(`${running.url}/v1/login${query}`, { redirect: 'manual' })
  const flow = cookiesOf(begun)
  const form = new URL(begun.headers.get('location') ?? '')
  const done = await fetch(`${running.url}${form.pathname}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: flow.join('; '), origin: running.url, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ state: form.searchParams.get('state') ?? '', credential: ownerKey }),
  })
  const text = await done.text()
  if (done.status >= 400) refusals.push(text)
  const values = [...flow, ...cookiesOf(done)].map((pair) => pair.slice(pair.indexOf('=') + 1))
  return { values: values.filter((value) => value !== ''), text }
}

const cookiesOf = ({ headers }: Response) => headers.getSetCookie().map((line) => line.split(';')[0] ?? '')

/** A login by the browser and one by a code, both used and ended; every secret that there was on the way. */
async function useLogins(): Promise<string[]> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = hash('sha256', verifier, 'base64url')
  const browser = await signIn()
  const shown = await signIn(`?${new URLSearchParams({ redirectTo: 'code', challenge })}`)
  const code = /<pre>([^<]+)</.exec(shown.text)?.[1] ?? ''
  const redeem = () =>
    fetch(`${running.url}/v1/login/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code, verifier }),
    })
  const { token } = JSON.parse(await (await redeem()).text())
  refusals.push(await (await redeem()).text())
  const tokens = [browser.values.find((value) => value.startsWith('cs_')) ?? '', String(token)]
  for (const one of tokens) {
    const headers = { authorization: `Bearer ${one}` }
    expect((await fetch(`${running.url}/v1/me`, { headers })).status).toBe(200)
    expect((await fetch(`${running.url}/v1/logout`, { method: 'POST', headers })).status).toBe(200)
    refusals.push(await (await fetch(`${running.url}/v1/me?token=none`, { headers })).text())
  }
  return [...browser.values, ...shown.values, code, verifier, ...tokens]
}

/** Files in a store with keys: through the process, by signed address, and where the store refuses. */
async function useStore(): Promise<string[]> {
  await database.database.rpc('flag_set', { p_name: 'providers.storage', p_value: 's3' })
  const stored = async () => {
    await call('PUT', '/files/in-s3/content', { prompt })
    return bucket.shelf.files.size
  }
  await expect.poll(stored, { timeout: 30_000 }).toBeGreaterThan(0)
  const address = new URL(JSON.parse((await call('POST', '/files/in-s3/url', { expiresSeconds: 60 })).text).url)
  expect(address.host).toBe(new URL(bucket.url).host)
  await fetch(address)
  return [storeKeys.accessKeyId, storeKeys.secretAccessKey, address.searchParams.get('X-Amz-Signature') ?? '']
}

test('no key, token, secret or prompt is in an error, log line, metric, span or row, whatever a provider answers', async () => {
  const tokens: string[] = []
  for (const [name, value] of [
    ['RIGHT', providerKey],
    ['WRONG', refusedKey],
  ])
    expect(await call('PUT', `/secrets/${name}`, { value })).toMatchObject({ status: 200 })
  for (const [name, kind, secret] of [
    ['claude', 'anthropic', 'RIGHT'],
    ['wrong', 'openai', 'WRONG'],
    ['none', 'openai', 'MISSING'],
  ])
    expect(await call('PUT', `/providers/${name}`, { kind, baseUrl: fake.url, secret })).toMatchObject({ status: 200 })
  await call('PUT', '/secrets/not a name', { value: providerKey })
  await call('PUT', '/secrets/LONG', { value: providerKey.repeat(1_000) })
  const hook = await call('PUT', '/webhooks/deaf', { url: `http://${receiver.host}/`, topics: ['flag'] })
  expect(hook.status).toBe(201)
  tokens.push(String(JSON.parse(hook.text).secret))
  const made = await call('POST', '/api-keys', { name: 'canary' })
  const token = String(JSON.parse(made.text).secret)
  tokens.push(token)
  await call('PUT', '/files/a/content', { prompt })
  const address = await call('POST', '/files/a/url', { expiresSeconds: 60 })
  const signed = String(JSON.parse(address.text).url)
  tokens.push(signed.split('/').at(-1) ?? '')
  await fetch(signed)
  await fetch(signed, { method: 'PUT', body: prompt })
  tokens.push(...(await useLogins()), ...(await useStore()))
  await call('PUT', '/flags/canary', { value: true })

  // Routes are listed when the program knows them, and with them the providers that were set before.
  const targets = [{ provider: 'claude', model: 'gpt' }]
  expect(await call('PUT', '/routes/ready', { targets })).toMatchObject({ status: 200 })
  const listed = async () => (await call('GET', '/openai/v1/models')).text
  await expect.poll(listed, { timeout: 30_000 }).toContain('ready')
  const models = ['openai', 'claude'].flatMap((provider) => ['gpt', ...faults].map((fault) => `${provider}/${fault}`))
  for (const operation of ['chat', 'messages'] as const)
    for (const stream of [false, true])
      await Promise.all(
        [...models, 'wrong/gpt', 'none/gpt', 'nowhere'].map((model) => ask(token, model, operation, stream)),
      )
  await call('POST', '/openai/v1/chat/completions', { model: 'openai/gpt', messages: prompt })
  await call('POST', '/openai/v1/embeddings', { model: 'openai/gpt', input: prompt })
  await call('POST', '/openai/v1/responses', { model: 'openai/500', input: prompt })
  expect(new Set(fake.requests.map(({ key: sent }) => sent))).toEqual(new Set([providerKey, refusedKey]))
  expect(JSON.stringify(fake.requests.map(({ body }) => body))).toContain(prompt)

  for (const one of tokens) expect(one.length).toBeGreaterThan(20)
  await expect.poll(() => delivered.join(''), { timeout: 30_000 }).toContain('flag')
  const calls = () => database.sql('select id from core.model_call')
  await expect.poll(async () => (await calls()).length, { timeout: 30_000 }).toBeGreaterThan(20)
  await expect.poll(() => traced.join(''), { timeout: 30_000 }).toContain('anthropic/v1/messages')
  const metrics = await (await fetch(metricsUrl)).text()
  expect(metrics).toContain('core_model_calls_total')
  expect(running.output()).toContain('anthropic/v1/messages')
  expect(refusals.length).toBeGreaterThan(20)

  const texts = { refusals: refusals.join('\n'), log: running.output(), metrics, spans: traced.join('\n') }
  const tables = await database.sql(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('core', 'core_api', 'public')`,
  )
  for (const secret of [providerKey, refusedKey, prompt, ownerKey, secretsKeys[0], ...tokens]) {
    for (const [name, text] of Object.entries(texts)) expect(text.includes(secret), `${secret} in ${name}`).toBe(false)
    for (const { name } of tables) {
      const found = await database.sql(`select 1 from ${name} t where strpos(t::text, $1) > 0 limit 1`, [secret])
      expect(found, `${secret} in ${name}`).toEqual([])
    }
  }
})
