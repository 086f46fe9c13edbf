import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createHttpSink, type HttpSink } from './http-sink.ts'

const large = Buffer.alloc(32 * 1024 * 1024, 'a')

/** A server whose answers are `answer`'s, and a client that has asked it. */
async function open(stallMs: number, answer: (sink: HttpSink) => void) {
  const app = Fastify()
  const { promise: sink, resolve } = Promise.withResolvers<HttpSink>()
  app.get('/', (_, reply) => {
    const made = createHttpSink(reply, stallMs)
    answer(made)
    resolve(made)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  client.on('error', () => undefined)
  await once(client, 'connect')
  client.pause()
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  return {
    client,
    sink: await sink,
    async [Symbol.asyncDispose]() {
      client.destroy()
      await app.close()
    },
  }
}

test('a plain answer that is not read ends, and its reader is gone', async () => {
  await using opened = await open(200, (sink) => sink.send(200, {}, large))
  await opened.sink.ended
  expect(opened.sink.gone.aborted).toBe(true)
})

test('a stream that is not read ends, also after its last write', async () => {
  await using opened = await open(200, (sink) => {
    sink.begin({})
    void sink.write(large)
    sink.end()
  })
  await opened.sink.ended
  expect(opened.sink.gone.aborted).toBe(true)
})

test('a large plain answer is whole, however its reader takes it', async () => {
  await using opened = await open(20_000, (sink) => sink.send(200, {}, large))
  let size = 0
  for await (const chunk of opened.client) size += chunk.length
  expect(size).toBeGreaterThan(large.length)
  await opened.sink.ended
  expect(opened.sink.gone.aborted).toBe(false)
})

test('each byte of a short answer arrives as it is', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  await using opened = await open(20_000, (sink) => sink.send(200, {}, bytes))
  const received = Buffer.concat(await opened.client.toArray())
  expect(received.subarray(-bytes.length).equals(bytes)).toBe(true)
})
