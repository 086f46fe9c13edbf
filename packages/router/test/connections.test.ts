import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterAll, expect, test, vi } from 'vitest'
import { createHttpClient } from '../src/index.ts'
import { openRouterUnderTest } from './router-under-test.ts'

const routers = await openRouterUnderTest()
const { open, ask } = routers
afterAll(() => routers[Symbol.asyncDispose]())

/** A provider of its own, with what was asked of it. */
async function startProvider(answer: RequestListener) {
  let connections = 0
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    answer(request, response)
  }).on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const kept = { name: 'kept', kind: 'openai', project: null, baseUrl: url }
  return {
    url,
    opened: await open(['kept/m'], { providers: [kept] }),
    counts: () => ({ connections, requests }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const whole = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'A hold.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2 },
})

test('each letter of a request arrives as it is, be it short or long', async () => {
  const bodies: string[] = []
  await using provider = await startProvider(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ message: { content: 'Ça ira 😀' } }] }))
  })
  for (const content of ['Grüße 😀', 'Grüße 😀 '.repeat(5_000)]) {
    const { text } = await ask(provider.opened, { model: 'fast', messages: [{ role: 'user', content }] })
    expect(JSON.parse(text).choices[0].message.content).toBe('Ça ira 😀')
    expect(JSON.parse(bodies.pop() ?? '').messages[0].content).toBe(content)
  }
})

test('the connection of a stream that came whole is used again', async () => {
  await using provider = await startProvider(async (request, response) => {
    await request.resume().toArray()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const choice of [{ delta: { content: 'A hold.' } }, { delta: {}, finish_reason: 'stop' }])
      response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`)
    response.write('data: [DONE]\n\n')
    // The end of the body comes after its last event.
    setTimeout(() => response.end(), 5)
  })
  for (let turn = 0; turn < 3; turn++) {
    expect((await ask(provider.opened, { model: 'fast', stream: true })).text).toContain('[DONE]')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(provider.counts()).toEqual({ connections: 1, requests: 3 })
})

test('a request on a kept connection that was closed meanwhile is sent again on a fresh one', async () => {
  const served = new WeakSet<object>()
  await using provider = await startProvider((request, response) => {
    if (served.has(request.socket)) return void request.socket.destroy()
    served.add(request.socket)
    response.writeHead(200, { 'content-type': 'application/json' }).end(whole)
  })
  for (let turn = 0; turn < 2; turn++)
    expect(await ask(provider.opened, { model: 'fast' })).toMatchObject({ status: 200, text: whole })
  expect(provider.counts()).toEqual({ connections: 2, requests: 3 })
})

test('a provider that closes a fresh connection is asked once', async () => {
  await using provider = await startProvider((request) => void request.socket.destroy())
  expect(await ask(provider.opened, { model: 'fast' })).toMatchObject({ status: 502 })
  expect(provider.counts()).toEqual({ connections: 1, requests: 1 })
})

test('a body that is not read waits at its provider', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const chunks = 1_000
  let sent = 0
  let waits = 0
  await using provider = await startProvider(async (_request, response) => {
    for (; sent < chunks && !response.destroyed; sent++) {
      if (response.write(chunk)) continue
      waits++
      await once(response, 'drain')
    }
    response.end()
  })
  const client = createHttpClient({ check: () => {}, lookupFor: () => undefined })
  const request = { headers: {}, body: Buffer.from('{}'), signal: new AbortController().signal }
  const { body } = await client.post(provider.url, request)
  await vi.waitFor(() => expect(waits).toBeGreaterThan(0), 30_000)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(sent).toBeLessThan(chunks / 2)
  let size = 0
  for await (const { length } of body) size += length
  expect(size).toBe(chunks * chunk.length)
})
