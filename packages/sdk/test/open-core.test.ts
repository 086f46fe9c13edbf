import { createServer } from 'node:http'
import { declareFlags } from '@core/config/flags'
import { semanticCache } from '@core/embeddings'
import { isCoreError, type Logger, silentLogger } from '@core/foundation'
import { credits, microCredits } from '@core/ledger'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCore } from '../src/index.ts'
import { type CoreServer, noEnvironment, startCoreServer } from './core-server.ts'

let server: CoreServer
beforeAll(async () => {
  server = await startCoreServer()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

describe.each(['http', 'postgres'] as const)('every noun answers over %s', (way) => {
  const open = () => openCore({ ...server.ways[way], project: 'painter', env: noEnvironment, timeoutMs: 20_000 })

  test('credits are reserved and settled', async () => {
    await using core = await open()
    const outcome = await core.ledger.withHold({ account: 'painter', max: credits(2) }, async (hold) => {
      hold.meter(credits(0.5))
      return 'painted'
    })
    expect(outcome).toMatchObject({ status: 'done', value: 'painted', charged: credits(0.5) })
  })

  test('values are shared, also below a namespace', async () => {
    await using core = await open()
    await using other = await open()
    await core.cache.namespace('pictures').namespace(way).set('sky', 'blue')
    expect(core.status()).toMatchObject({ state: 'live', cache: 'shared' })
    expect(await other.cache.namespace('pictures').namespace(way).get('sky')).toBe('blue')
    expect((await core.cache.stats()).sets).toBe(1)
  })

  test('texts are found by meaning, and streams of a noun are streams', async () => {
    await using core = await open()
    const space = core.embeddings.space(`colours_${way}`)
    await space.upsert([{ id: 'sky', text: 'The sky is blue today' }])
    const documents = []
    for await (const { id } of space.documents()) documents.push(id)
    expect(documents).toEqual(['sky'])
  })

  test('an answer is kept by its question', async () => {
    await using core = await open()
    const options = { mode: 'on', model: 'small', promptVersion: '1', space: `asked_${way}`, shadowRate: 0 } as const
    const answers = semanticCache(core.embeddings, core.cache, options)
    expect(await answers.getOrSet(`What is the sky over ${way}?`, () => 'blue')).toBe('blue')
    expect(await answers.getOrSet(`What is the sky over ${way}?`, () => 'lost')).toBe('blue')
  })

  test('tasks are enqueued, messages sent, the manifest read', async () => {
    await using core = await open()
    const { outcome } = await core.coordinator.tasks.enqueue('paint', { kind: 'paint.wall', payload: {}, key: way })
    expect(outcome).toBe('enqueued')
    const sent = await core.coordinator.messages.send('writer', 'hello', {}, { key: `hello ${way}` })
    expect(sent).toMatchObject({ recipients: 1, replayed: false })
    const projects = []
    for await (const { project } of core.coordinator.manifest()) projects.push(project)
    expect(projects).toEqual(expect.arrayContaining(['painter', 'writer']))
  })

  test('flags follow the database', async () => {
    const declarations = declareFlags({ [`sky.${way}`]: { description: 'Paints the sky', default: false } })
    await using core = await openCore({
      ...server.ways[way],
      project: 'painter',
      env: noEnvironment,
      timeoutMs: 20_000,
      declarations,
    })
    expect(core.flags.get(`sky.${way}`)).toBe(false)
    await core.rpc('flag_set', { p_name: `sky.${way}`, p_value: true, p_project: 'painter' })
    await core.flags.refresh()
    expect(core.flags.get(`sky.${way}`)).toBe(true)
    expect(core.status()).toMatchObject({ state: 'live', flags: 'live' })
  })

  test('another project is out of reach', async () => {
    await using core = await open()
    const failure = await core.ledger.balance('writer').catch((error: unknown) => error)
    expect(isCoreError(failure, 'E_FORBIDDEN')).toBe(true)
  })
})

test('without a control plane a model is called in the process, and paid for by its price', async () => {
  await using core = await openCore({
    ...server.ways.postgres,
    project: 'painter',
    env: noEnvironment,
    timeoutMs: 20_000,
  })
  const request = { messages: [{ role: 'user', content: 'What is a hold?' }], maxOutputTokens: 50 } as const
  const answer = await core.llm.chat(request)
  let streamed = ''
  for await (const delta of core.llm.stream(request)) if (delta.type === 'text') streamed += delta.text
  expect(streamed).toBe(answer.content)
})

test('a model of embeddings that has a price is paid for by the project, and not called without credits', async () => {
  await server.test.database.rpc('price_set', {
    p_provider: 'brush',
    p_model: 'colours',
    p_rates: [{ unit: 'input', nanoUsdPerMillion: 2_000_000_000 }],
  })
  let calls = 0
  const model = {
    provider: 'brush',
    modelId: 'colours',
    maxEmbeddingsPerCall: 100,
    async doEmbed({ values }: { values: string[] }) {
      calls += 1
      return { embeddings: values.map((value) => [value.length, 1]), usage: { tokens: 5 } }
    },
  }
  await using core = await openCore({
    ...server.ways.postgres,
    project: 'writer',
    env: noEnvironment,
    timeoutMs: 20_000,
    embeddings: { model, dimensions: 2 },
  })
  const settled = async () => {
    const balance = await core.ledger.balance('writer')
    return 'available' in balance ? balance.available : undefined
  }
  const before = await settled()
  const { usage } = await core.embeddings.embed(['red', 'blue'])
  expect(usage).toMatchObject({ calls: 1, tokens: 5 })
  expect(usage.cost).toBeGreaterThan(0)
  expect(await settled()).toBe(Number(before) - usage.cost)
  await core.ledger.charge({ account: 'writer', amount: microCredits(Number(before) - usage.cost), key: 'all of it' })
  const { failures } = await core.embeddings.embed(['green'])
  expect(failures).toMatchObject([{ error: { code: 'E_CONFLICT', details: { reason: 'insufficient_credits' } } }])
  expect(calls).toBe(1)
})

test('a model of embeddings that has no price is not called, and the local model needs none', async () => {
  let calls = 0
  const model = {
    provider: 'brush',
    modelId: 'unpriced',
    maxEmbeddingsPerCall: 100,
    async doEmbed({ values }: { values: string[] }) {
      calls += 1
      return { embeddings: values.map(() => [1, 1]), usage: { tokens: 5 } }
    },
  }
  const options = { ...server.ways.postgres, project: 'painter', env: noEnvironment, timeoutMs: 20_000 }
  await using core = await openCore({ ...options, embeddings: { model, dimensions: 2 } })
  const { failures } = await core.embeddings.embed(['red'])
  expect(failures).toMatchObject([
    { error: { code: 'E_NOT_FOUND', details: { provider: 'brush', model: 'unpriced' } } },
  ])
  expect(failures[0]?.error.fix).toContain('core prices set brush unpriced')
  expect(calls).toBe(0)
  // Where the operator wants it so, it is charged as the dearest instead.
  await server.test.database.rpc('price_set', {
    p_provider: 'brush',
    p_model: 'colours',
    p_rates: [{ unit: 'input', nanoUsdPerMillion: 2_000_000_000 }],
  })
  const dearest = { ...options.env, CORE_PRICE_UNKNOWN: 'dearest' }
  await using priced = await openCore({ ...options, env: dearest, embeddings: { model, dimensions: 2 } })
  // As the calls of models are charged: the local model costs nothing, whatever an unknown one costs.
  const free = await priced.prices.find('local', 'local')
  expect(free?.rates.map(({ nanoUsdPerMillion }) => nanoUsdPerMillion)).toEqual([0, 0, 0])
  const { usage } = await priced.embeddings.embed(['red'])
  expect(usage.cost).toBeGreaterThan(0)
  expect(calls).toBe(1)
  calls = 0
  // One that only calls itself local is not the local model.
  await using other = await openCore({
    ...options,
    embeddings: { model: { ...model, provider: 'local' }, dimensions: 2 },
  })
  expect((await other.embeddings.embed(['red'])).failures).toMatchObject([{ error: { code: 'E_NOT_FOUND' } }])
  expect(calls).toBe(0)
  await using plain = await openCore(options)
  expect(await plain.embeddings.embed(['red'])).toMatchObject({ failures: [], usage: { calls: 1, cost: 0 } })
})

test('a session is opened in the background; one that never can be is refused, once', async () => {
  const options = { ...server.ways.postgres, project: 'painter', env: noEnvironment, timeoutMs: 20_000 }
  const failures: unknown[] = []
  const logger: Logger = { ...silentLogger, child: () => logger, error: (fields) => void failures.push(fields) }
  await using core = await openCore({ ...options, logger, coordinator: { join: { fingerprint: 'short' } } })
  await vi.waitFor(() => expect(core.status().session).toBe('refused'), { timeout: 30_000 })
  expect(failures).toMatchObject([{ err: { code: 'E_INVALID' } }])

  await using other = await openCore({ ...options, coordinator: { join: {} } })
  const seen: string[] = []
  other.onStatus(({ session }) => seen.push(session))
  await vi.waitFor(() => expect(other.status().session).toBe('open'), { timeout: 30_000 })
  expect(seen.filter((session) => session !== 'open')).toEqual([])
  await using plain = await openCore(options)
  expect(plain.status().session).toBe('none')
})

test('what is called after close is refused, and the status says so', async () => {
  const core = await openCore({ ...server.ways.http, project: 'painter', env: noEnvironment, timeoutMs: 20_000 })
  await core.close()
  await expect(core.ledger.balance('painter')).rejects.toMatchObject({ code: 'E_CLOSED' })
  expect(core.status()).toMatchObject({ state: 'closed', ledger: 'closed' })
})

describe('what a program cannot run with ends openCore, with what to do', () => {
  const open = (options: object) => openCore({ project: 'painter', env: noEnvironment, timeoutMs: 20_000, ...options })
  test.each([
    ['another project', () => ({ ...server.ways.http, project: 'writer' }), 'E_FORBIDDEN'],
    ['nothing', () => ({}), 'E_CONFIG_INVALID'],
    ['a key without its URL', () => ({ key: 'ck' }), 'E_CONFIG_INVALID'],
    ['a URL without its key', () => ({ url: 'http://127.0.0.1:1' }), 'E_CONFIG_INVALID'],
    ['a name that is none', () => ({ ...server.ways.http, project: 'No!' }), 'E_INVALID'],
  ])('%s', async (_, options, code) => {
    const failure = await open(options()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(isCoreError(failure) && failure.fix).toBeTruthy()
  })

  test.each([
    ['a wrong key', 401, '{"code":"PGRST301","message":"JWSError JWSInvalidSignature"}', 'E_UNAUTHENTICATED'],
    ['a server that is no Core', 404, '<h1>Not here</h1>', 'E_INTERNAL'],
    ['a database of another version', 404, '{"code":"PGRST202","message":"no flag_list"}', 'E_DATABASE_SCHEMA'],
  ])('%s', async (_, status, body, code) => {
    const web = createServer((__, response) => response.writeHead(status).end(body))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    const address = web.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const failure = await open({ url, key: 'ck' }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(isCoreError(failure) && failure.fix).toBeTruthy()
    web.closeAllConnections()
    web.close()
  })
})
