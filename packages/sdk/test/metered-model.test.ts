import { credits } from '@core/ledger'
import { embed, generateText, streamText } from 'ai'
import { MockEmbeddingModelV4, MockLanguageModelV4 } from 'ai/test'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { meteredEmbedding, meteredModel } from '../src/ai/index.ts'
import { type Core, openCore } from '../src/index.ts'
import { meterCallback } from '../src/langchain/meter-callback.ts'
import { type CoreServer, noEnvironment, startCoreServer } from './core-server.ts'

let server: CoreServer
let core: Core
beforeAll(async () => {
  server = await startCoreServer()
  for (const model of ['short', 'long', 'text', 'broken']) {
    await server.test.database.rpc('price_set', {
      p_provider: 'acme',
      p_model: model,
      p_rates: [
        { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
        { unit: 'output', nanoUsdPerMillion: 10_000_000_000 },
      ],
    })
  }
  core = await openCore({ ...server.ways.postgres, project: 'painter', env: noEnvironment, timeoutMs: 20_000 })
})
afterAll(async () => {
  await core?.close()
  await server?.[Symbol.asyncDispose]()
})

/** What the model reports: 5 in and 10 out, 105 micro-credits. */
const usage = {
  inputTokens: { total: 5, noCache: 5, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
}
const finish = { type: 'finish' as const, finishReason: { unified: 'stop' as const, raw: 'stop' }, usage }
const whole = 105

/** Says a word per part, and notes whether it was ended by its caller. */
function createModel(modelId: string, words: number) {
  const seen = { words: 0, isCancelled: false }
  const model = new MockLanguageModelV4({
    provider: 'acme.chat',
    modelId,
    doGenerate: async () => ({
      content: [{ type: 'text', text: 'a word' }],
      finishReason: finish.finishReason,
      usage,
      warnings: [],
    }),
    doStream: async ({ abortSignal }) => ({
      stream: new ReadableStream(
        {
          start(controller) {
            controller.enqueue({ type: 'text-start', id: '1' })
            abortSignal?.addEventListener('abort', () => {
              seen.isCancelled = true
            })
          },
          async pull(controller) {
            if (seen.words++ < words) return controller.enqueue({ type: 'text-delta', id: '1', delta: 'word ' })
            controller.enqueue({ type: 'text-end', id: '1' })
            controller.enqueue(finish)
            controller.close()
          },
        },
        { highWaterMark: 0 },
      ),
    }),
  })
  return { model, seen }
}

async function books() {
  const balance = await core.ledger.balance('painter')
  if (balance.status !== 'found') throw new Error('there is no account')
  return { held: balance.held, spent: credits(100) - balance.settled }
}

/** Runs a use of a model, and gives what was charged for it once nothing is held. */
async function chargeOf(work: () => Promise<void>): Promise<number> {
  const before = await books()
  await work()
  return await vi.waitFor(
    async () => {
      const { held, spent } = await books()
      expect(held).toBe(0)
      return spent - before.spent
    },
    { timeout: 30_000, interval: 50 },
  )
}

const options = () => ({ core, account: 'painter', readerTimeoutMs: 300 })
const quiet = { onError: () => undefined }

test('a stream that is read is settled to the usage that the model reports', async () => {
  const charged = await chargeOf(async () => {
    const model = meteredModel(createModel('short', 20).model, options())
    expect(await streamText({ model, prompt: 'paint' }).text).toBe('word '.repeat(20))
    expect((await books()).held).toBe(0) // at once: the stream ends after its settle
  })
  expect(charged).toBe(whole)
})

test('a reader that leaves a short stream changes nothing: the model finishes, and is paid', async () => {
  const { model, seen } = createModel('short', 20)
  const charged = await chargeOf(async () => {
    for await (const _ of streamText({ model: meteredModel(model, options()), prompt: 'paint' }).textStream) break
  })
  expect({ charged, ...seen }).toMatchObject({ charged: whole, isCancelled: false })
})

test.each([
  ['leaves', async ({ textStream }: Streamed) => void (await textStream[Symbol.asyncIterator]().next())],
  ['never reads', async () => undefined],
  ['cancels the Response', async (stream: Streamed) => await stream.toTextStreamResponse().body?.cancel()],
])('a long stream whose reader %s ends, and is charged for what came', async (_, use) => {
  const { model, seen } = createModel('long', 1_000_000)
  const charged = await chargeOf(async () => {
    await use(streamText({ model: meteredModel(model, options()), prompt: 'paint', ...quiet }))
    await vi.waitFor(() => expect(seen.isCancelled).toBe(true), { timeout: 30_000 })
  })
  expect(seen.words).toBeLessThan(1_000)
  expect(charged).toBeGreaterThan(10)
  expect(charged).toBeLessThan(20 * seen.words)
})
type Streamed = ReturnType<typeof streamText>

test('an aborted stream is charged for what came', async () => {
  const { model, seen } = createModel('long', 1_000_000)
  const charged = await chargeOf(async () => {
    const abort = new AbortController()
    const { textStream } = streamText({
      model: meteredModel(model, options()),
      prompt: 'paint',
      abortSignal: abort.signal,
      ...quiet,
    })
    let words = 0
    for await (const _ of textStream) if (++words === 100) abort.abort()
  })
  expect(seen.isCancelled).toBe(true)
  expect(charged).toBeGreaterThan(100)
})

test('a plain answer is charged by its usage, and a run once by its key', async () => {
  const run = async () => {
    const model = meteredModel(createModel('short', 1).model, { ...options(), key: 'job 7' })
    await generateText({ model, prompt: 'paint' })
    await generateText({ model, prompt: 'and again' })
  }
  expect(await chargeOf(run)).toBe(2 * whole)
  expect(await chargeOf(run)).toBe(0)
})

test('embeddings are charged by their tokens', async () => {
  const plain = new MockEmbeddingModelV4({
    provider: 'acme',
    modelId: 'text',
    doEmbed: async () => ({ embeddings: [[0.1, 0.2]], usage: { tokens: 7 }, warnings: [] }),
  })
  const charged = await chargeOf(async () => {
    await embed({ model: meteredEmbedding(plain, options()), value: 'the sky is blue' })
  })
  expect(charged).toBe(7)
})

test('a model that fails before its first word costs nothing', async () => {
  const model = new MockLanguageModelV4({
    provider: 'acme',
    modelId: 'broken',
    doStream: async () => Promise.reject(new Error('overloaded')),
  })
  const charged = await chargeOf(async () => {
    await streamText({
      model: meteredModel(model, options()),
      prompt: 'paint',
      maxRetries: 0,
      ...quiet,
    }).consumeStream()
  })
  expect(charged).toBe(0)
})

test('without a price or without credits the model is not called', async () => {
  const unknown = createModel('unknown', 1).model
  const call = (model: MockLanguageModelV4, maxOutputTokens: number) =>
    generateText({ model: meteredModel(model, options()), prompt: 'paint', maxOutputTokens, maxRetries: 0 })
  await expect(call(unknown, 10)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  const dear = createModel('short', 1).model
  await expect(call(dear, 100_000_000)).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'insufficient_credits' },
  })
  expect([...unknown.doGenerateCalls, ...dear.doGenerateCalls]).toEqual([])
})

test('a service tier without a price is not called, in no form', async () => {
  const { model } = createModel('short', 1)
  const providerOptions = { acme: { serviceTier: 'priority' } }
  const call = generateText({
    model: meteredModel(model, options()),
    prompt: 'paint',
    maxOutputTokens: 10,
    maxRetries: 0,
    providerOptions,
  })
  await expect(call).rejects.toMatchObject({ code: 'E_NOT_FOUND', details: { tier: 'priority' } })
  const callback = meterCallback(core, { account: 'painter', provider: 'acme', model: 'short' })
  const extra = { invocation_params: { service_tier: 'priority' } }
  await expect(callback.handleChatModelStart({}, [['paint']], 'tier', undefined, extra)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  })
  expect(model.doGenerateCalls).toEqual([])
})

test('a call of a chain is refused at its start without credits, and settled to its usage at its end', async () => {
  const start = (runId: string, maxOutputTokens: number) => {
    const callback = meterCallback(core, { account: 'painter', provider: 'acme', model: 'short', maxOutputTokens })
    return { callback, started: callback.handleChatModelStart({}, [['paint']], runId) }
  }
  await expect(start('dear', 100_000_000).started).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'insufficient_credits' },
  })
  const charged = await chargeOf(async () => {
    const { callback, started } = start('fair', 100)
    await started
    expect((await books()).held).toBeGreaterThan(0)
    const message = { usage_metadata: { input_tokens: 5, output_tokens: 10 } }
    await callback.handleLLMEnd({ generations: [[{ text: 'a word', message }]] }, 'fair')
  })
  expect(charged).toBe(whole)
})

test('closing the core ends a stream, charged for what came', async () => {
  const before = await books()
  const second = await openCore({ ...server.ways.postgres, project: 'painter', env: noEnvironment, timeoutMs: 20_000 })
  const { model, seen } = createModel('long', 1_000_000)
  const metered = meteredModel(model, { core: second, account: 'painter' })
  for await (const _ of streamText({ model: metered, prompt: 'paint', ...quiet }).textStream) break
  await second.close()
  expect(seen.isCancelled).toBe(true)
  const after = await books()
  expect(after.held).toBe(0)
  expect(after.spent).toBeGreaterThan(before.spent)
})
