import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createBrokenRequestHandler } from './broken-request.ts'
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
