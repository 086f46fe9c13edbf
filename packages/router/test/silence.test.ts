import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openRouterUnderTest } from './router-under-test.ts'

/** Models that think for minutes: timers are the test's, the ledger and the connections are real. */

const routers = await openRouterUnderTest()
const { open, ask, audit } = routers
let asked: ServerResponse | undefined
const provider = createServer((request, response) => {
  request.resume().once('end', () => {
    asked = response
  })
})
beforeAll(async () => {
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
})
afterAll(async () => {
  provider.closeAllConnections()
  await new Promise((resolve) => provider.close(resolve))
  await routers[Symbol.asyncDispose]()
})
beforeEach(() => {
  asked = undefined
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Lets sockets and the database work, until it holds. */
async function until(holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + 30_000
  while (!holds() && performance.now() < endsAt) await new Promise((resolve) => setImmediate(resolve))
  expect(holds()).toBe(true)
}

async function openSilent() {
  const address = provider.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const silent = { name: 'silent', kind: 'openai', project: null, baseUrl: `http://127.0.0.1:${address.port}` }
  const opened = await open(['silent/m'], { providers: [silent], limits: { settleMs: 5_000 } })
  let beats = 0
  let answered = 0
  const extend: typeof opened.ledger.extend = async (...args) => {
    beats++
    return await opened.ledger.extend(...args).finally(() => answered++)
  }
  /** Seconds in which nothing comes, each beat of the hold answered before the next second. */
  const pass = async (seconds: number, each: (second: number) => void = () => {}) => {
    for (let second = 1; second <= seconds; second++) {
      each(second)
      await vi.advanceTimersByTimeAsync(1_000)
      await until(() => answered === beats)
    }
  }
  return { opened, under: { ...opened, ledger: { ...opened.ledger, extend } }, pass, beats: () => beats }
}

const whole = {
  choices: [{ message: { role: 'assistant', content: 'A hold.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
}

test('a plain answer after ten silent minutes is answered, its hold kept all the while and settled once', async () => {
  const { opened, under, pass, beats } = await openSilent()
  const answering = ask(under, { model: 'fast' })
  await until(() => asked !== undefined)
  await pass(595)
  expect(beats()).toBe(14) // one in 40 s
  asked?.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole))
  expect(await answering).toMatchObject({ status: 200, headers: { 'core-cost-micro-credits': '20' } })
  expect(await opened.balance()).toEqual({ spent: 20, held: 0 })
  await pass(120)
  expect(beats()).toBe(14)
  await audit(opened)
})

test('one that does not come after ten minutes is given up, and nothing stays held', async () => {
  const { opened, under, pass } = await openSilent()
  const answering = ask(under, { model: 'fast' })
  await until(() => asked !== undefined)
  const closed = once(asked ?? provider, 'close')
  await pass(601)
  expect(await answering).toMatchObject({ status: 503, headers: { 'x-should-retry': 'false', 'retry-after': '1' } })
  await closed
  expect(await opened.balance()).toMatchObject({ held: 0 })
  expect(opened.records).toHaveLength(1)
  await audit(opened)
})

test('a stream that only breathes for nine minutes reaches a client that hears every ten seconds that it is waited for', async () => {
  const { opened, under, pass } = await openSilent()
  const answering = ask(under, { model: 'fast', stream: true })
  await until(() => asked !== undefined)
  asked?.writeHead(200, { 'content-type': 'text/event-stream' })
  await pass(540, (second) => {
    if (second % 30 === 0) asked?.write(': ping\n\n')
  })
  for (const choice of [{ delta: { content: 'A hold.' } }, { delta: {}, finish_reason: 'stop' }])
    asked?.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`)
  asked?.end('data: [DONE]\n\n')
  const { status, text } = await answering
  expect(status).toBe(200)
  expect(text.match(/: waiting for the model/g)?.length).toBe(54)
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  expect(await opened.balance()).toMatchObject({ held: 0 })
  await audit(opened)
})

test.each([
  ['says nothing at all', 60, 0],
  ['falls silent after its first words', 120, 1],
])(
  'a stream that %s is ended after %i seconds, with an error that clients see',
  async (_, seconds, words) => {
    const { opened, under, pass } = await openSilent()
    const answering = ask(under, { model: 'fast', stream: true })
    await until(() => asked !== undefined)
    asked?.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    if (words > 0) asked?.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'A hold.' } }] })}\n\n`)
    let isAnswered = false
    answering.finally(() => {
      isAnswered = true
    })
    // The words are read, and start the clock.
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    await pass(seconds - 2)
    expect(isAnswered).toBe(false)
    await pass(3)
    const { text } = await answering
    expect(text).toContain('"error"')
    expect(await opened.balance()).toMatchObject({ held: 0 })
    expect(opened.records).toHaveLength(1)
    await audit(opened)
  },
  120_000,
)

test('a provider that sends without end and says nothing is given up before memory is full', async () => {
  vi.useRealTimers()
  const { opened, under } = await openSilent()
  const answering = ask(under, { model: 'fast', stream: true })
  await until(() => asked !== undefined)
  const response = asked
  response?.writeHead(200, { 'content-type': 'text/event-stream' })
  const filler = `: ${'x'.repeat(64 * 1024)}\n\n`
  let sent = 0
  while (response?.destroyed === false && sent < 256) {
    if (!response.write(filler)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    sent += 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(sent).toBeLessThan(256)
  expect((await answering).status).toBe(502)
  expect(await opened.balance()).toMatchObject({ held: 0 })
})
