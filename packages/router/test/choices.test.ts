import { setTimeout as sleep } from 'node:timers/promises'
import { CoreError } from '@core/foundation'
import { microCredits } from '@core/ledger'
import { afterAll, expect, test, vi } from 'vitest'
import {
  type CachedAnswer,
  type CacheName,
  type CallContent,
  createProviderTransports,
  type Feature,
  type FindTransport,
  type Transport,
  TransportError,
} from '../src/index.ts'
import { openRouterUnderTest } from './router-under-test.ts'

const routers = await openRouterUnderTest()
const { fake, open, ask, audit } = routers
afterAll(() => routers[Symbol.asyncDispose]())

test('what a target cannot take goes to the next: features, context, region', async () => {
  const takes: readonly Feature[] = ['json']
  const opened = await open(['one/gpt', 'two/gpt'], {
    routes: [
      {
        name: 'picky',
        project: null,
        targets: [
          { provider: 'one', model: 'gpt', takes, contextTokens: 400 },
          { provider: 'two', model: 'gpt' },
        ],
        policy: { choose: 'order' },
      },
      { name: 'near', project: null, targets: [{ provider: 'one', model: 'gpt' }], policy: { region: 'eu' } },
    ],
  })
  const targetOf = async (body: object) =>
    (await ask(opened, { model: 'picky', max_tokens: 50, ...body })).headers['core-target']
  expect(await targetOf({})).toBe('one/gpt')
  expect(await targetOf({ response_format: { type: 'json_object' } })).toBe('one/gpt')
  expect(await targetOf({ tools: [{ type: 'function', function: { name: 'a', parameters: {} } }] })).toBe('two/gpt')
  expect(await targetOf({ max_tokens: 400 })).toBe('two/gpt')
  expect(await targetOf({ messages: [{ role: 'user', content: 'word '.repeat(600) }] })).toBe('two/gpt')
  const far = await ask(opened, { model: 'near' })
  expect(far.status).toBe(400)
  expect(far.text).toContain('not in the region eu')
})

test('a slow plain call is also sent to the next target: the faster answers, and both are charged once', async () => {
  const opened = await open(['one/hang-headers', 'two/gpt'], { policy: { hedgeMs: 30 } })
  const answered = await ask(opened, { model: 'fast' })
  expect(answered).toMatchObject({ status: 200, headers: { 'core-target': 'two/gpt' } })
  const [record] = opened.records
  const { usage } = JSON.parse(answered.text)
  const own = usage.prompt_tokens + 2 * usage.completion_tokens
  expect(record).toMatchObject({ target: 'two/gpt', attempts: 2, flags: ['hedged', 'estimated'] })
  expect(record?.charged).toBeGreaterThan(own)
  expect(await opened.balance()).toEqual({ spent: record?.charged, held: 0 })
  expect(opened.router.health.read('one/hang-headers')).toMatchObject({ faults: 0, coolingMs: 0 })
  const fast = await open(['one/gpt', 'two/gpt'], { policy: { hedgeMs: 2_000 } })
  await ask(fast, { model: 'fast' })
  expect(fast.records).toMatchObject([{ attempts: 1, flags: [] }])
  await audit(opened)
})

test('the first of two that fails before the other answers has a fault, and costs nothing', async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5 }
  const transport: Transport = async ({ target }) => {
    if (target.provider.name === 'one') {
      await sleep(60)
      throw new TransportError('it cannot be reached', false)
    }
    await sleep(150)
    async function* body() {
      yield Buffer.from(JSON.stringify({ choices: [{ message: { content: 'A hold.' } }], usage }))
    }
    return { status: 200, headers: { 'content-type': 'application/json' }, body: body() }
  }
  const opened = await open(['one/gpt', 'two/gpt'], {
    policy: { hedgeMs: 30 },
    dependencies: { transports: () => transport },
  })
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 200, headers: { 'core-target': 'two/gpt' } })
  expect(opened.records).toMatchObject([{ attempts: 2, flags: ['hedged'], charged: 20 }])
  expect(opened.router.health.read('one/gpt').faults).toBe(1)
})

test('an attempt that throws in a hedged call is an error of that call, when the other has ended', async () => {
  let ended = 0
  const transports: FindTransport = () => async () => {
    await sleep(100)
    ended++
    throw new TransportError('it cannot be reached', false)
  }
  const opened = await open(['one/gpt', 'two/gpt'], { policy: { hedgeMs: 30 }, dependencies: { transports } })
  const { health } = opened.router
  const { enter } = health
  vi.spyOn(health, 'enter')
    .mockImplementationOnce(enter)
    .mockImplementationOnce(() => {
      throw new Error('a defect')
    })
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 500 })
  expect(ended).toBe(1)
  expect(await opened.balance()).toEqual({ spent: 0, held: 0 })
})

test('where a provider says that nothing is left, the next target is asked until it is again', async () => {
  const opened = await open(['one/gpt', 'two/gpt'])
  const { health } = opened.router
  health.informed('one/gpt', { requests: 1, tokens: undefined, resetMs: 60_000 })
  const targetOf = async () => (await ask(opened, { model: 'fast' })).headers['core-target']
  expect([await targetOf(), await targetOf()]).toEqual(['one/gpt', 'two/gpt'])
  health.informed('one/gpt', { requests: undefined, tokens: 2, resetMs: 60_000 })
  expect(await targetOf()).toBe('two/gpt')
  health.informed('one/gpt', { requests: 5, tokens: 10_000, resetMs: 60_000 })
  expect(await targetOf()).toBe('one/gpt')
})

test('the headers of an answer say what is left there', async () => {
  const transport: Transport = async () => {
    async function* body() {
      yield Buffer.from('{"choices":[]}')
    }
    const headers = { 'content-type': 'application/json', 'x-ratelimit-remaining-requests': '0' }
    return { status: 200, headers: { ...headers, 'x-ratelimit-reset-requests': '30s' }, body: body() }
  }
  const opened = await open(['one/gpt', 'two/gpt'], { dependencies: { transports: () => transport } })
  const targetOf = async () => (await ask(opened, { model: 'fast' })).headers['core-target']
  expect([await targetOf(), await targetOf()]).toEqual(['one/gpt', 'two/gpt'])
  expect((await ask(opened, { model: 'fast' })).status).toBe(429)
})

test('a request that asks for the cache is answered from it again, plain and streamed, for nothing', async () => {
  const cached = new Map<string, CachedAnswer>()
  const opened = await open(['one/gpt', 'one/eof'], {
    dependencies: {
      cache: {
        get: async ({ project, requestHash }) => cached.get(`${project} ${requestHash}`),
        set: async ({ project, requestHash }, answer) => void cached.set(`${project} ${requestHash}`, answer),
      },
    },
  })
  for (const stream of [false, true]) {
    const before = fake.requests.length
    const first = await ask(opened, { model: 'fast', stream }, { cacheSeconds: 60 })
    const again = await ask(opened, { model: 'fast', stream }, { cacheSeconds: 60 })
    expect(fake.requests).toHaveLength(before + 1)
    expect(again).toMatchObject({ status: 200, headers: { 'core-cache': 'hit', 'core-cost-micro-credits': '0' } })
    expect(again.text).toBe(first.text.replace(/: core cost=.*\n\n/, ''))
    expect((await ask(opened, { model: 'fast', stream })).headers['core-cache']).toBeUndefined()
  }
  await ask(opened, { model: 'one/eof', stream: true }, { cacheSeconds: 60 })
  expect(cached.size).toBe(2)
  expect(opened.records.map(({ flags, charged }) => [flags.includes('cached'), charged > 0])).toEqual([
    ...[false, true].flatMap(() => [
      [false, true],
      [true, false],
      [false, true],
    ]),
    [false, true],
  ])
  const elsewhere = await ask(
    { ...(await open([])), router: opened.router },
    { model: 'fast', stream: false },
    { cacheSeconds: 60 },
  )
  expect(elsewhere).toMatchObject({ status: 200 })
  expect(elsewhere.headers['core-cache']).toBeUndefined()
  const headers = { 'openai-beta': 'other' }
  const other = await ask(opened, { model: 'fast', stream: false }, { cacheSeconds: 60, key: 'beta', headers })
  expect(other.headers['core-cache']).toBeUndefined()
  const headerless = await ask(opened, { model: 'fast', stream: false }, { cacheSeconds: 60, key: 'beta' })
  expect(headerless.status).toBe(409)
})

test('a hit is charged the share of its call that the route names, once, and refused without credits', async () => {
  const cached = new Map<string, CachedAnswer>()
  const dependencies = {
    cache: {
      get: async ({ requestHash }: CacheName) => cached.get(requestHash),
      set: async ({ requestHash }: CacheName, answer: CachedAnswer) => void cached.set(requestHash, answer),
    },
  }
  const opened = await open(['one/gpt'], { policy: { hitBasisPoints: 2_500 }, dependencies })
  await ask(opened, { model: 'fast' }, { cacheSeconds: 60 })
  const cost = opened.records[0]?.charged ?? 0
  expect(cost).toBeGreaterThan(0)
  const share = Math.ceil(cost / 4)
  const again = await ask(opened, { model: 'fast' }, { cacheSeconds: 60, key: 'hit' })
  expect(again).toMatchObject({
    status: 200,
    headers: { 'core-cache': 'hit', 'core-cost-micro-credits': String(share) },
  })
  expect(opened.records[1]).toMatchObject({ charged: share, flags: ['cached'], target: 'one/gpt', attempts: 0 })
  expect(await opened.balance()).toEqual({ spent: cost + share, held: 0 })
  const replayed = await ask(opened, { model: 'fast' }, { cacheSeconds: 60, key: 'hit' })
  expect(replayed.headers['idempotency-replayed']).toBe('true')
  expect(await opened.balance()).toEqual({ spent: cost + share, held: 0 })
  const history = await opened.ledger.usage({
    account: opened.project,
    by: ['model'],
    from: new Date(Date.now() - 86_400_000),
    to: new Date(Date.now() + 60_000),
    bucket: 'total',
  })
  expect(history).toMatchObject({ rows: [{ group: ['gpt'], charged: cost + share }] })
  await audit(opened)

  // A stream is not kept for its key, so that its hold alone keeps a second charge away.
  const streamed = () => ask(opened, { model: 'fast', stream: true }, { cacheSeconds: 60, key: 'stream' })
  await ask(opened, { model: 'fast', stream: true }, { cacheSeconds: 60 })
  const { spent } = await opened.balance()
  expect(await streamed()).toMatchObject({ status: 200, headers: { 'core-cache': 'hit' } })
  const hit = opened.records.at(-1)?.charged ?? 0
  expect(hit).toBeGreaterThan(0)
  expect(await streamed()).toMatchObject({ status: 409 })
  expect(await opened.balance()).toEqual({ spent: spent + hit, held: 0 })

  const poor = await open(['one/gpt'], { amount: microCredits(1), policy: { hitBasisPoints: 10_000 }, dependencies })
  const asked = fake.requests.length
  expect(await ask(poor, { model: 'fast' }, { cacheSeconds: 60 })).toMatchObject({ status: 402 })
  expect(fake.requests).toHaveLength(asked)
  expect(await poor.balance()).toEqual({ spent: 0, held: 0 })
})

test('a hit whose settle is not answered is kept, and its reserve is given back where it was lost', async () => {
  const answer = {
    isStream: false,
    contentType: 'application/json',
    text: '{}',
    target: 'one/gpt',
    model: 'gpt',
    cost: 100,
  }
  const opened = await open(['one/gpt'], {
    policy: { hitBasisPoints: 10_000 },
    dependencies: { cache: { get: async () => answer, set: async () => {} } },
  })
  const away = new CoreError('E_DATABASE_UNAVAILABLE', 'away', { retryable: true })
  const settling = { ...opened.ledger, settle: () => Promise.reject(away) }
  expect(await ask({ ...opened, ledger: settling }, { model: 'fast' }, { cacheSeconds: 60 })).toMatchObject({
    status: 200,
  })
  expect(opened.records[0]).toMatchObject({ charged: 100, flags: ['cached', 'unsettled'] })
  expect(opened.unsettled).toMatchObject([{ settle: { amount: 100, metadata: { flags: ['cached'], route: 'fast' } } }])
  const reserving = { ...opened.ledger, reserve: () => Promise.reject(away) }
  expect(await ask({ ...opened, ledger: reserving }, { model: 'fast' }, { cacheSeconds: 60 })).toMatchObject({
    status: 503,
  })
  expect(opened.unsettled.slice(1)).toMatchObject([{ giveBack: { hold: expect.any(String) } }])
  expect(opened.records).toHaveLength(1)
})

test('an answer ends when it is cached, or cannot be, and one that its reader has left is not', async () => {
  const log: string[] = []
  const opened = await open(['one/gpt'], {
    dependencies: {
      cache: {
        get: () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away')),
        async set() {
          await sleep(20)
          log.push('cached')
          throw new CoreError('E_DATABASE_UNAVAILABLE', 'away')
        },
      },
    },
  })
  const gone = new AbortController()
  const proxy = (stream: boolean) =>
    opened.router.proxy(
      {
        id: `held ${stream} ${gone.signal.aborted}`,
        dialect: 'openai',
        operation: 'chat',
        body: Buffer.from(JSON.stringify({ model: 'fast', stream, messages: [], max_tokens: 50 })),
        contentType: 'application/json',
        headers: {},
        cacheSeconds: 60,
        caller: {
          project: opened.project,
          account: opened.project,
          subject: 'key:test',
          tags: [],
          ledger: opened.ledger,
        },
      },
      {
        gone: gone.signal,
        hasBegun: false,
        begin() {},
        write: () => undefined,
        end: () => void log.push('end'),
        send: (status) => void log.push(`sent ${status}`),
      },
    )
  await proxy(false)
  await proxy(true)
  expect(log).toEqual(['cached', 'sent 200', 'cached', 'end'])
  gone.abort()
  await proxy(true)
  expect(log.slice(4)).toEqual(['end'])
  expect(opened.records.map(({ flags }) => flags)).toEqual([[], [], ['client_gone']])
})

test('what was asked and answered is handed on where the route says so', async () => {
  const contents: CallContent[] = []
  const dependencies = { onContent: (content: CallContent) => void contents.push(content) }
  const opened = await open(['one/gpt'], { policy: { log: 'content' }, dependencies })
  const plain = await ask(opened, { model: 'fast' })
  await ask(opened, { model: 'fast', stream: true })
  expect(contents.map(({ request }) => JSON.parse(request).messages[0].content)).toEqual([
    'Canary prompt: what is a hold?',
    'Canary prompt: what is a hold?',
  ])
  expect(contents[0]?.answer).toBe(plain.text)
  expect(contents[1]?.answer).toBe(JSON.parse(plain.text).choices[0].message.content)
  await ask(await open(['one/gpt'], { dependencies }), { model: 'fast' })
  expect(contents).toHaveLength(2)
})

test('a provider without an address, and addresses that the guard refuses, are never called', async () => {
  const before = fake.requests.length
  const transports = createProviderTransports({
    guard: {
      check() {
        throw new Error('not a public address')
      },
      lookupFor: () => undefined,
    },
    keyOf: async () => 'key',
  })
  const opened = await open(['one/gpt'], { dependencies: { transports } })
  for (const model of ['fast', 'claude/gpt', 'local']) {
    const { status } = await ask(opened, { model })
    expect(status, model).toBe(model === 'local' ? 200 : 502)
  }
  expect(fake.requests).toHaveLength(before)
})

test('a call whose answer cannot be sent is charged, in the log, and answered as a failure', async () => {
  const opened = await open(['one/gpt'])
  const answered = await ask(opened, { model: 'fast' }, { breaks: true })
  expect(answered).toMatchObject({ status: 500, headers: { 'x-should-retry': 'false' } })
  const [record] = opened.records
  expect(record).toMatchObject({ target: 'one/gpt', status: 500 })
  expect(await opened.balance()).toEqual({ spent: record?.charged, held: 0 })
  await audit(opened)
})

test.each([false, true])('a model whose name no header can carry is answered as any, streamed: %s', async (stream) => {
  const opened = await open(['one/gpt'], {
    routes: [{ name: 'far', project: null, targets: [{ provider: 'one', model: '模型' }], policy: {} }],
  })
  const answered = await ask(opened, { model: 'far', stream })
  expect(answered).toMatchObject({ status: 200, headers: { 'core-target': 'one/%E6%A8%A1%E5%9E%8B' } })
  expect(opened.records).toMatchObject([{ target: 'one/模型', status: 200 }])
})
