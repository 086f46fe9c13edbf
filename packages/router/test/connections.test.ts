import { createServer } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { openRouterUnderTest } from './router-under-test.ts'

const routers = await openRouterUnderTest()
const { open, ask } = routers
afterAll(() => routers[Symbol.asyncDispose]())

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
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const address = provider.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const kept = { name: 'kept', kind: 'openai', project: null, baseUrl: `http://127.0.0.1:${address.port}` }
  const opened = await open(['kept/m'], { providers: [kept] })
  for (let turn = 0; turn < 3; turn++) {
    expect((await ask(opened, { model: 'fast', stream: true })).text).toContain('[DONE]')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(connections).toBe(1)
  provider.closeAllConnections()
  await new Promise((resolve) => provider.close(resolve))
})
