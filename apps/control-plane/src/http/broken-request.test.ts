import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createBrokenRequestHandler, ignoreAfterRefusal } from './broken-request.ts'
import { watchConnections } from './open-connections.ts'

test('a request that comes while a silent connection is being refused has its own answer', async () => {
  const counted = Promise.withResolvers<void>()
  const isCounting = Promise.withResolvers<void>()
  const served = Promise.withResolvers<void>()
  const server = createServer({ headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 })
  const connections = watchConnections(server, { maxConnections: 10 })
  const anonymous = () => {
    isCounting.resolve()
    return counted.promise
  }
  const answerBroken = createBrokenRequestHandler({ anonymous }, connections)
  server.on('clientError', (error, socket) => void answerBroken(error, socket))
  server.on('request', async (_request, response) => {
    counted.resolve()
    await served.promise
    response.end('served')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
    const answer = text(socket)
    await isCounting.promise
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await counted.promise
    setImmediate(() => served.resolve())
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*served$/s)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a request that comes after its silent connection was refused is not served', async () => {
  const app = Fastify({
    http: { headersTimeout: 50, connectionsCheckingInterval: 20 },
    requestTimeout: 100,
    clientErrorHandler: (error, socket) => void answerBroken(error, socket),
  })
  const connections = watchConnections(app.server, { maxConnections: 10 })
  const answerBroken = createBrokenRequestHandler({ anonymous: async () => undefined }, connections)
  ignoreAfterRefusal(app)
  const served: string[] = []
  app.get('/', async ({ url }) => {
    served.push(url)
    return 'served'
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const closed = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
  try {
    const late = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true })
    expect(await text(late)).toMatch(/^HTTP\/1\.1 408 /)
    late.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await closed
    late.destroy()
    expect(served).toEqual([])
    expect(await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())).toBe('served')
  } finally {
    await app.close()
  }
})
