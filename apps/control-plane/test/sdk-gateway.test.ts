import type { ChatRequest } from '@core/providers/llm'
import { type Core, gatewayUrl, openCore } from '@core/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let url: string
let core: Core
beforeAll(async () => {
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'local', model: 'local', rates } })
  core = await openCore({ url: `${url}/`, key: server.keys.smart_layer, project: 'smart_layer', timeoutMs: 20_000 })
})
afterAll(async () => {
  await core?.close()
  await server?.[Symbol.asyncDispose]()
})

const request = { messages: [{ role: 'user' as const, content: 'What is a hold?' }], maxOutputTokens: 50 }

test('core.llm goes through the gateway: plain, streamed, settled by the control plane', async () => {
  const answer = await core.llm.chat(request)
  expect(answer).toMatchObject({ provider: 'local', model: 'local', finish: 'stop', attempts: 1, estimated: false })
  const cost = (answer.usage.input ?? 0) + 2 * (answer.usage.output ?? 0)
  expect(answer.cost.micro).toBe(cost)
  const deltas = []
  for await (const delta of core.llm.stream(request)) deltas.push(delta)
  const last = deltas.at(-1)
  expect(last).toMatchObject({ type: 'answer', content: answer.content, cost: { micro: cost }, usage: answer.usage })
  expect(deltas.flatMap((delta) => (delta.type === 'text' ? [delta.text] : [])).join('')).toBe(answer.content)
  const balance = await core.ledger.balance('smart_layer')
  expect(balance).toMatchObject({ held: 0, available: 1_000_000_000 - 2 * cost })
})

test('what the gateway refuses is an error with its reason', async () => {
  const failure = (options: object, call: ChatRequest = request) =>
    core.llm.chat(call, options).catch((error: unknown) => error)
  expect(await failure({}, { ...request, model: 'no-such' })).toMatchObject({ code: 'E_NOT_FOUND' })
  const tooMuch = { ...request, maxOutputTokens: 1_000_000_000 }
  expect(await failure({}, tooMuch)).toMatchObject({ code: 'E_CONFLICT', details: { reason: 'insufficient_credits' } })
  const { content } = await core.llm.chat(request, { key: 'once' })
  expect(await core.llm.chat(request, { key: 'once' })).toMatchObject({ content })
  const other = { ...request, maxOutputTokens: 40 }
  expect(await failure({ key: 'once' }, other)).toMatchObject({ code: 'E_CONFLICT', details: { reason: 'conflict' } })
  for (const options of [{ key: '注文-1' }, { key: 'job ' }, { account: 'smart_layer/ü' }])
    expect(await failure(options)).toMatchObject({ code: 'E_INVALID' })
  for (const wrong of [{ maxOutputTokens: Number.NaN }, { messages: [{ role: 'user', content: null }] }])
    expect(await failure({}, Object({ ...request, ...wrong }))).toMatchObject({ code: 'E_INVALID' })
  const left = new AbortController()
  left.abort()
  expect(await failure({ signal: left.signal })).toMatchObject({ code: 'E_ABORTED' })
})

test('a call is estimated by its price, and the gateway answers a probe', async () => {
  expect(await core.llm.estimate({ ...request, model: 'local/local' })).toMatchObject({ provider: 'local' })
  expect(await core.llm.probe()).toMatchObject([{ provider: 'core', ok: true }])
})

test('the addresses of the gateway are those of the control plane', () => {
  expect(gatewayUrl(core, 'openai')).toBe(`${url}/v1/projects/current/openai/v1`)
  expect(gatewayUrl(core, 'anthropic')).toBe(`${url}/v1/projects/current/anthropic`)
  expect(() => gatewayUrl({ url: undefined }, 'openai')).toThrow('control plane')
})
