import { createServer, type Server } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { openRouterUnderTest } from './router-under-test.ts'

const routers = await openRouterUnderTest()
const { open, ask } = routers
afterAll(() => routers[Symbol.asyncDispose]())

async function listen(provider: Server) {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const address = provider.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      provider.closeAllConnections()
      await new Promise((resolve) => provider.close(resolve))
    },
  }
}

test('each letter of a request arrives as it is, be it short or long', async () => {
  const bodies: string[] = []
  const provider = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ message: { content: 'Ça ira 😀' } }] }))
  })
  await using listening = await listen(provider)
  const own = { name: 'own', kind: 'openai', project: null, baseUrl: listening.baseUrl }
  const opened = await open(['own/m'], { providers: [own] })
  for (const content of ['Grüße 😀', 'Grüße 😀 '.repeat(5_000)]) {
    const { text } = await ask(opened, { model: 'fast', messages: [{ role: 'user', content }] })
    expect(JSON.parse(text).choices[0].message.content).toBe('Ça ira 😀')
    expect(JSON.parse(bodies.pop() ?? '').messages[0].content).toBe(content)
  }
})

test('the connection of a stream that came whole is used again', async () => {
  let connections = 0
  const provider = createServer(async (request, response) => {
    await request.resume().toArray()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const choice of [{ delta: { content: 'A hold.' } }, { delta: {}, finish_reason: 'stop' }])
      response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`)
    response.write('data: [DONE]\n\n')
    // The end of the body comes after its last event.
    setTimeout(() => response.end(), 5)
  }).on('connection', () => connections++)
  await using listening = await listen(provider)
  const kept = { name: 'kept', kind: 'openai', project: null, baseUrl: listening.baseUrl }
  const opened = await open(['kept/m'], { providers: [kept] })
  for (let turn = 0; turn < 3; turn++) {
    expect((await ask(opened, { model: 'fast', stream: true })).text).toContain('[DONE]')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(connections).toBe(1)
})
