import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { watchConnections } from '../src/http/open-connections.ts'

/** What a server does with connections that are too many or do not read. */

let server: Server
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function listen(
  listener: RequestListener,
  options: { maxConnections?: number; writeDeadlineMs?: number },
): Promise<number> {
  server = createServer(listener)
  watchConnections(server, { maxConnections: 100, ...options })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

/** A connection from an address of the loopback network, and how it fares. */
async function open(port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  sockets.push(socket)
  const seen = { isClosed: false, text: '' }
  socket.on('data', (chunk) => (seen.text += chunk))
  socket.on('error', () => undefined)
  socket.on('close', () => (seen.isClosed = true))
  await once(socket, 'connect')
  return { socket, seen }
}

const request = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const answered = (seen: { text: string }) => expect.poll(() => seen.text).toMatch(/^HTTP\/1\.1 200/)

test('idle connections of one address do not shut others out: the longest idle one goes', async () => {
  const port = await listen((_request, response) => response.end('ok'), { maxConnections: 4 })
  const hog = [await open(port), await open(port), await open(port), await open(port)]
  hog[0]?.socket.write(request()) // now the second has been idle longest
  await answered(hog[0]?.seen ?? { text: '' })
  const other = await open(port, '127.0.0.2')
  other.socket.write(request())
  await answered(other.seen)
  await expect.poll(() => hog.map(({ seen }) => seen.isClosed)).toEqual([false, true, false, false])
})

test('a connection with a request in flight is not dropped; where all have one, the new one is refused', async () => {
  const port = await listen((incoming, response) => void (incoming.url === '/' && response.end('ok')), {
    maxConnections: 2,
  })
  const busy = [await open(port), await open(port)]
  for (const { socket } of busy) socket.write(request('/slow'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const other = await open(port, '127.0.0.2')
  await expect.poll(() => other.seen.isClosed).toBe(true)
  expect(busy.map(({ seen }) => seen.isClosed)).toEqual([false, false])
})

test('an answer or a stream that the client does not read is cut off at its deadline', {
  timeout: 180_000,
}, async () => {
  const large = Buffer.alloc(8_000_000, 'x')
  const port = await listen(
    (incoming, response) => {
      if (incoming.url === '/large') response.end(large)
      else setInterval(() => response.write(large), 100).unref()
    },
    { writeDeadlineMs: 1500 },
  )
  for (const path of ['/large', '/stream']) {
    const { socket } = await open(port)
    socket.pause()
    socket.write(request(path))
  }
  const count = () => new Promise<number>((resolve) => server.getConnections((_error, found) => resolve(found)))
  await expect.poll(count).toBe(2)
  await expect.poll(count, { timeout: 30_000 }).toBe(0)
})

test('a client that keeps reading slowly is served to the end', { timeout: 180_000 }, async () => {
  const large = Buffer.alloc(8_000_000, 'x')
  const port = await listen(
    (_request, response) => {
      for (let part = 0; part < 8; part++) response.write(large.subarray(0, 1_000_000))
      response.end()
    },
    { writeDeadlineMs: 2000 },
  )
  const { socket } = await open(port)
  let bytes = 0
  socket.removeAllListeners('data')
  socket.pause()
  socket.on('readable', () => undefined)
  socket.write(request())
  const reader = setInterval(() => (bytes += socket.read(Math.min(socket.readableLength, 250_000))?.length ?? 0), 20)
  await expect.poll(() => bytes, { timeout: 30_000 }).toBeGreaterThan(8_000_000)
  clearInterval(reader)
})
