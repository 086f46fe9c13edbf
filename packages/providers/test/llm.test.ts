import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createSecret } from '@core/config'
import type { CoreError, Logger } from '@core/foundation'
import { type ChatDelta, type LlmConfig, type OpenLlmDependencies, openLlm } from '@core/providers/llm'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, describe, expect, test } from 'vitest'

const key = 'sk-canary-0123456789abcdef'
const fake = await startFakeProvider({ apiKey: key })
const other = await startFakeProvider()
afterAll(async () => {
  await fake[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const rates = [
  { unit: 'input', nanoUsdPerMillion: 2_000_000_000 },
  { unit: 'output', nanoUsdPerMillion: 8_000_000_000 },
  { unit: 'seconds', nanoUsdPerMillion: 100_000_000_000 },
] as const
const prices = {
  find: (_: string, model: string) =>
    model === 'unpriced' ? undefined : { rates, credit: { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: 0 } },
}
const config = (more: Partial<LlmConfig> = {}): LlmConfig => ({
  provider: 'openai',
  model: 'small',
  baseUrl: fake.url,
  fallbacks: [],
  keys: { openai: createSecret(key), anthropic: createSecret('sk-other') },
  urls: { anthropic: other.url },
  ...more,
})
const open = (more: Partial<LlmConfig> = {}, dependencies: Partial<OpenLlmDependencies> = {}) =>
  openLlm({ config: config(more), prices, random: () => 0, ...dependencies })
const ask = (text = 'What is a hold?') => ({
  messages: [{ role: 'user' as const, content: text }],
  maxOutputTokens: 200,
})
const failing = (reason: string) =>
  expect.objectContaining({ code: 'E_PROVIDER', details: expect.objectContaining({ reason }) })
const sentTo = (model: string) => fake.requests.filter((request) => request.model === model)

test('a chat answers with its usage and what it cost', async () => {
  const llm = await open()
  const answer = await llm.chat(ask())
  expect(answer).toMatchObject({ provider: 'openai', model: 'small', attempts: 1, estimated: false, finish: 'stop' })
  const { input = 0, output = 0 } = answer.usage
  expect(answer.cost).toEqual({ micro: 2 * input + 8 * output, approximated: [] })
})

test('a stream ends with the answer', async () => {
  const deltas: ChatDelta[] = []
  for await (const delta of (await open()).stream(ask())) deltas.push(delta)
  const answer = deltas.at(-1)
  const text = deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('')
  expect(answer).toMatchObject({ type: 'answer', content: text, finish: 'stop', estimated: false, attempts: 1 })
})

test('a model without a price is refused before anything is sent', async () => {
  const llm = await open({ model: 'unpriced' })
  await expect(llm.chat(ask())).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
    message: expect.stringContaining('no price'),
  })
  await expect(llm.stream(ask()).next()).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  expect(() => llm.estimate(ask())).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
  expect(sentTo('unpriced')).toEqual([])
})

test.each([
  ['nousage', true],
  ['wild', true],
  ['zero', false],
])('usage of %s: estimated is %s', async (model, estimated) => {
  const { usage, cost, ...answer } = await (await open({ model })).chat(ask())
  expect(answer.estimated).toBe(estimated)
  expect(cost.micro > 0).toBe(estimated)
})

describe('retries and fallbacks', () => {
  test.each(['500-once', '429-once', 'cut-once', 'early-error-once'])('%s is tried again', async (model) => {
    const llm = await open({ model })
    expect(await llm.chat(ask())).toMatchObject({ attempts: 2, provider: 'openai' })
  })

  test('a stream is tried again before its first delta', async () => {
    const deltas: ChatDelta[] = []
    for await (const delta of (await open({ model: 's-500-once' })).stream(ask())) deltas.push(delta)
    expect(deltas.at(-1)).toMatchObject({ type: 'answer', attempts: 2 })
  })

  test('a stream that has begun is not tried again, and its failure says what was used', async () => {
    const llm = await open({ model: 'late-error', fallbacks: ['anthropic/claude'] })
    const deltas: ChatDelta[] = []
    const reading = (async () => {
      for await (const delta of llm.stream(ask())) deltas.push(delta)
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'E_PROVIDER',
      details: { usage: { input: expect.any(Number), output: expect.any(Number) } },
    })
    expect(deltas.map(({ type }) => type)).toEqual(['text', 'text'])
    expect(sentTo('late-error')).toHaveLength(1)
  })

  test('the fallback answers after two attempts', async () => {
    const llm = await open({ model: '500', fallbacks: ['anthropic/claude'] })
    expect(await llm.chat(ask())).toMatchObject({ provider: 'anthropic', model: 'claude', attempts: 3 })
  })

  test('a wrong key goes to the fallback at once', async () => {
    const llm = await open({ keys: { openai: createSecret('sk-wrong') }, fallbacks: ['anthropic/claude'] })
    expect(await llm.chat(ask())).toMatchObject({ provider: 'anthropic', attempts: 2 })
    const alone = await open({ keys: { openai: createSecret('sk-wrong') } })
    await expect(alone.chat(ask())).rejects.toEqual(failing('auth'))
  })

  test('nothing listens: unavailable, and nothing was sent', async () => {
    const gone = await startFakeProvider()
    await gone[Symbol.asyncDispose]()
    const llm = await open({ baseUrl: gone.url })
    await expect(llm.chat(ask())).rejects.toMatchObject({ details: { reason: 'unavailable', sent: false } })
  })

  test('without a fallback the last failure is thrown', async () => {
    await expect((await open({ model: '500' })).chat(ask())).rejects.toMatchObject({
      code: 'E_PROVIDER',
      retryable: true,
      details: { reason: 'unavailable', provider: 'openai', status: 500, sent: true },
    })
  })
})

describe('deadlines', () => {
  test('half of the time is for the fallbacks', async () => {
    const llm = await open({ model: 'hang-headers', fallbacks: ['anthropic/claude'] })
    expect(await llm.chat(ask(), { timeoutMs: 2_000 })).toMatchObject({ provider: 'anthropic', attempts: 2 })
  })

  test.each(['hang-headers', 'hang'])('%s ends at the deadline', async (model) => {
    const llm = await open({ model })
    await expect(llm.chat(ask(), { timeoutMs: 80 })).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  })

  test('a stream that is silent ends', async () => {
    const streamLimits = { firstMs: 60, idleMs: 60 }
    const silent = (await open({ model: 'hang' }, { streamLimits })).stream(ask())
    await expect(Array.fromAsync(silent)).rejects.toEqual(failing('timeout'))
    const late = (await open({ model: 'hang-headers' }, { streamLimits })).stream(ask())
    await expect(Array.fromAsync(late)).rejects.toEqual(failing('timeout'))
  })

  test("a caller's signal ends a call and a stream", async () => {
    const llm = await open({ model: 'hang' })
    const signal = () => AbortSignal.abort(new Error('gone'))
    await expect(llm.chat(ask(), { signal: signal() })).rejects.toMatchObject({ code: 'E_ABORTED' })
    await expect(llm.stream(ask(), { signal: signal() }).next()).rejects.toMatchObject({ code: 'E_ABORTED' })
  })

  test('leaving the loop ends the request', async () => {
    const llm = await open({ model: 'left-slow' })
    for await (const delta of llm.stream(ask())) if (delta.type === 'text') break
    expect(await sentTo('left-slow')[0]?.ended).toBe('left')
  })
})

test('limits: calls wait for a place, and a minute that is used up is refused', async () => {
  const one = await open({ model: 'slow' }, { limits: { openai: { inFlight: 1, requestsPerMinute: 3 } } })
  await Promise.all([1, 2, 3].map(() => one.chat(ask())))
  await expect(one.chat(ask())).rejects.toMatchObject({
    details: { reason: 'rate_limited', sent: false, retryAfterMs: expect.any(Number) },
  })
})

test('a flag that is switched under load fails no call', async () => {
  let chosen = 'openai'
  const flags = { get: () => chosen }
  const llm = await open({ model: 'slow', fallbacks: ['anthropic/claude', 'local'] }, { flags })
  const answers: string[] = []
  const until = performance.now() + 600
  const worker = async () => {
    while (performance.now() < until) answers.push((await llm.chat(ask())).provider)
  }
  const switching = (async () => {
    for (const next of ['anthropic', 'local', 'openai', 'unknown', 'anthropic']) {
      await sleep(100)
      chosen = next
    }
  })()
  await Promise.all([...Array.from({ length: 8 }, worker), switching])
  expect(new Set(answers)).toEqual(new Set(['openai', 'anthropic', 'local']))
})

describe('audio', () => {
  const audio = new Uint8Array(64_000).fill(7)
  const request = { audio, mediaType: 'audio/wav', maxOutputTokens: 100 }

  test('a model that takes audio is asked directly', async () => {
    const answer = await (await open()).analyzeAudio({ ...request, reference: audio })
    expect(answer.transcripts).toBeUndefined()
    const { messages } = fake.requests.at(-1)?.body ?? {}
    expect(JSON.stringify(messages)).toContain('input_audio')
  })

  test('where it takes none, the recording is transcribed by the one that can', async () => {
    const llm = await open({
      provider: 'anthropic',
      baseUrl: undefined,
      model: 'claude',
      fallbacks: ['openai/small'],
      urls: { anthropic: other.url, openai: fake.url },
    })
    const answer = await llm.analyzeAudio(request)
    expect(answer).toMatchObject({
      provider: 'anthropic',
      transcripts: [{ provider: 'openai', model: 'whisper-1', usage: { seconds: 2 } }],
    })
  })

  test('a URL is read by what the caller allows, and by nothing else', async () => {
    const url = 'https://files.example/a.wav'
    await expect((await open()).analyzeAudio({ audio: url, maxOutputTokens: 10 })).rejects.toMatchObject({
      code: 'E_INVALID',
    })
    const llm = await open({}, { readFile: async () => ({ data: audio, mediaType: 'audio/wav' }) })
    expect(await llm.analyzeAudio({ audio: url, maxOutputTokens: 10 })).toMatchObject({ provider: 'openai' })
  })
})

test('embeddings and transcripts are priced as well', async () => {
  const llm = await open()
  expect(await llm.embed({ texts: ['one', 'two'] })).toMatchObject({
    model: 'text-embedding-3-small',
    cost: { micro: 4 },
    attempts: 1,
  })
  expect(await llm.transcribe({ audio: new Uint8Array(64_000), mediaType: 'audio/wav' })).toMatchObject({
    usage: { seconds: 2 },
    cost: { micro: 200 },
  })
})

test('an estimate is not below what the call costs', async () => {
  const llm = await open()
  const request = ask('How much may this cost at most?')
  const { cost } = await llm.chat(request)
  expect(llm.estimate(request).cost.micro).toBeGreaterThanOrEqual(cost.micro)
})

test('a probe says which provider answers', async () => {
  const llm = await open({ keys: { openai: createSecret('sk-wrong') }, fallbacks: ['anthropic/claude', 'local'] })
  expect(await llm.probe()).toMatchObject([
    { provider: 'openai', ok: false, reason: 'auth' },
    { provider: 'anthropic', ok: true },
    { provider: 'local', ok: true },
  ])
})

test('key and prompt are in no error and no log', async () => {
  const lines: string[] = []
  const write = (...line: unknown[]) => void lines.push(inspect(line, { depth: 10, showHidden: true }))
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const prompt = 'the canary prompt'
  for (const model of [
    '500',
    '429',
    'html',
    'cut',
    'eof',
    'badsse',
    'early-error',
    'late-error',
    'hang',
    'c-500-once',
  ]) {
    const llm = await open({ model, fallbacks: ['anthropic/500'] }, { logger })
    const options = { timeoutMs: 150 }
    for (const call of [
      () => llm.chat(ask(prompt), options),
      () => Array.fromAsync(llm.stream(ask(prompt), options)),
    ]) {
      await call().catch((error: CoreError) =>
        lines.push(inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error)),
      )
    }
  }
  lines.push(inspect(config(), { depth: 10, showHidden: true }), JSON.stringify(config()))
  expect(lines.length).toBeGreaterThan(20)
  expect(lines.filter((line) => line.includes(key) || line.includes(prompt))).toEqual([])
})

test.each([
  [{ provider: 'unheard-of' }, 'unknown'],
  [{ model: undefined }, 'no model'],
  [{ provider: 'manus', baseUrl: undefined }, 'no address'],
])('%o is refused', async (more, message) => {
  await expect(open(more)).rejects.toMatchObject({
    code: 'E_CONFIG_INVALID',
    message: expect.stringContaining(message),
  })
})
