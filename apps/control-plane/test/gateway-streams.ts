import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSql } from '@core/database/testing'
import { startFakeProvider } from '@core/providers/testing'
import { expect } from 'vitest'
import { openTestServer } from './test-server.ts'

interface StreamLoad {
  /** Open at once. */
  readonly streams: number
  readonly forMs: number
  /** Between two words of a stream. */
  readonly pauseMs: number
}

const megabyte = 2 ** 20
const model = 'openai/gpt-slow'

/**
 * Keeps so many streams open for a time; one in ten clients leaves in the middle, and one in ten asks for a plain answer.
 * Then memory has not grown, nothing is held, and the books are equal to what the provider has counted.
 */
export async function expectStreams({ streams, forMs, pauseMs }: StreamLoad): Promise<void> {
  await using fake = await startFakeProvider({ pauseMs })
  await using server = await openTestServer(undefined, undefined, {
    // A process that has the clients, too, may lose the CPU for longer than real ones take to send their headers.
    env: { CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host, CORE_HTTP_HEADERS_TIMEOUT_MS: '30000' },
  })
  const { database } = server.test
  const origin = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'openai', model: 'gpt-slow', rates } })
  // Those whose client has left are still read, beside as many others.
  const body = { kind: 'openai', baseUrl: fake.url, settings: { inFlight: 2 * streams } }
  await server.send('PUT', '/v1/projects/smart_layer/providers/openai?shared=true', { key: server.owner, body })
  // Not by fetch: it opens connections that it does not use, and the server closes those after five seconds.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: streams })
  const headers = { authorization: `Bearer ${server.keys.smart_layer}`, 'content-type': 'application/json' }
  const messages = [{ role: 'user', content: 'What is a hold?' }]
  const ask = (stream: boolean) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request(`${origin}/v1/projects/current/openai/v1/chat/completions`, { agent, method: 'POST', headers }, resolve)
        .on('error', reject)
        .end(JSON.stringify({ model, stream, max_tokens: 100, messages }))
    })
  const { usage } = JSON.parse(await text(await ask(false)))
  const cost = usage.prompt_tokens + 2 * usage.completion_tokens

  const endsAt = performance.now() + forMs
  const seen: number[] = []
  async function keepCalling(caller: number): Promise<void> {
    // Clients, gateway and provider share a process here: a thousand that begin at once would time out on themselves.
    await sleep((caller / streams) * (forMs / 6))
    for (let turn = caller; performance.now() < endsAt; turn++) {
      const response = await ask(turn % 10 !== 1)
      expect(response.statusCode).toBe(200)
      if (turn % 10 === 0) for await (const _ of response) break
      else expect(await text(response)).toContain(turn % 10 === 1 ? '"finish_reason":"stop"' : ': core cost=')
    }
  }
  const sampling = new AbortController()
  const sample = async () => {
    while (!sampling.signal.aborted) {
      seen.push(process.memoryUsage().rss)
      await sleep(forMs / 30, undefined, { signal: sampling.signal }).catch(() => undefined)
    }
  }
  const sampled = sample()
  await Promise.all(Array.from({ length: streams }, (_, caller) => keepCalling(caller)))
  sampling.abort()
  await sampled

  agent.destroy()
  const count = async (sql: string) => Number((await runSql(database, sql, []))[0]?.['n'])
  const open = () => count("select count(*)::text as n from core.ledger_hold where status = 'open'")
  // Those whose client has left are read to their end.
  await expect.poll(open, { timeout: 60_000, interval: 100 }).toBe(0)
  const calls = fake.requests.length
  expect(await count("select count(*)::text as n from core.ledger_tx where op = 'settle'")).toBe(calls)
  await server.runLoop('write model calls')
  expect(await count('select count(*)::text as n from core.model_call')).toBe(calls)
  const charged = await count('select sum(charged)::text as n from core.model_call')
  expect(await count("select sum(amount)::text as n from core.ledger_tx where op = 'settle'")).toBe(charged)
  // Half a minute after its reader has left, an answer is read no further: its usage is not known then.
  const readOut = "'client_gone' = any(flags) and 'estimated' = any(flags) and total_ms >= 30000"
  expect(
    await runSql(database, `select * from core.model_call where charged <> ${cost} and not (${readOut})`, []),
  ).toEqual([])
  const odd = await count(`select count(*)::text as n from core.model_call where charged <> ${cost}`)
  expect(odd, 'only a machine that is too busy does that, and seldom').toBeLessThanOrEqual(Math.floor(calls / 1000))
  expect(await server.audit()).toMatchObject({ ok: true })
  const third = Math.floor(seen.length / 3)
  const early = Math.max(...seen.slice(third, 2 * third))
  const late = Math.max(...seen.slice(2 * third))
  expect(late).toBeLessThan(early * 1.3 + 50 * megabyte)
}
