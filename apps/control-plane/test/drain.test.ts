import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, Server } from 'node:net'
import { Worker } from 'node:worker_threads'
import { systemClock } from '@core/foundation'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { installDrain } from '../src/http/drain.ts'

let app: FastifyInstance
let clock = systemClock
const agents: Agent[] = []

afterEach(async () => {
  clock = systemClock
  for (const agent of agents.splice(0)) agent.destroy()
  await app.close()
})

/** A server whose `/slow/:ms` answers after that time; returns its port. */
async function listen(graceMs: number): Promise<number> {
  app = Fastify({ return503OnClosing: false })
  app.get<{ Params: { ms: string } }>('/slow/:ms', async ({ params }) => {
    await new Promise((resolve) => setTimeout(resolve, Number(params.ms)))
    return 'done'
  })
  installDrain(app, { graceMs, clock })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return agent
}

interface Answer {
  readonly status: number | undefined
  readonly connection: string | undefined
}

function get(port: number, path: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, agent, host: '127.0.0.1' }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('what is under way is answered, and the answer says that it is the last', async () => {
  const port = await listen(5000)
  const answer = get(port, '/slow/300', keepAlive())
  await pause(50)
  const closing = app.close()
  await expect(answer).resolves.toMatchObject({ status: 200 })
  await closing
})

test('an idle connection may bring one more request; a new one is refused', async () => {
  const port = await listen(5000)
  const agent = keepAlive()
  await get(port, '/slow/0', agent)
  const closing = app.close()
  await expect.poll(() => app.server.listening, { interval: 5 }).toBe(false)
  await expect(get(port, '/slow/0', keepAlive())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await expect(get(port, '/slow/0', agent)).resolves.toEqual({ status: 200, connection: 'close' })
  await closing
})

test('neither no connection nor idle and unused ones hold closing for the whole grace', async () => {
  await listen(60_000)
  let startedAt = performance.now()
  await app.close()
  expect(performance.now() - startedAt).toBeLessThan(30_000)

  const port = await listen(60_000)
  await get(port, '/slow/0', keepAlive())
  const unused = connect(port, '127.0.0.1')
  await once(unused, 'connect')
  startedAt = performance.now()
  await app.close()
  expect(performance.now() - startedAt).toBeLessThan(30_000)
  unused.destroy()
})

test('a request that does not end is cut off when the grace is over', async () => {
  const port = await listen(300)
  const answer = get(port, '/slow/60000', keepAlive()).catch((error: NodeJS.ErrnoException) => error.code)
  await pause(50)
  const startedAt = performance.now()
  await app.close()
  expect(performance.now() - startedAt).toBeLessThan(30_000)
  expect(await answer).toBe('ECONNRESET')
})

test('connections that wait to be accepted when the end comes are taken in and answered', async () => {
  const port = await listen(5000)
  const answers = Array.from({ length: 40 }, () => get(port, '/slow/5', keepAlive()))
  // The kernel has them by now; this process has had no turn to accept any.
  await Promise.resolve()
  const closing = app.close()
  expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]))
  await closing
})

/**
 * Asks as fast as it is answered, from a thread of its own, each time on a new connection. It stops for 260 ms, once,
 * when `halted` is set.
 */
const newConnections = `
const { parentPort, workerData: { port, halted } } = require('node:worker_threads')
const { get } = require('node:http')
const ask = () => {
  if (Atomics.compareExchange(halted, 0, 1, 2) === 1) Atomics.wait(halted, 1, 0, 260)
  get({ host: '127.0.0.1', port, path: '/slow/1', agent: false }, (response) => {
    response.resume()
    response.on('end', () => setTimeout(ask, 5))
  }).on('error', ({ code }) => parentPort.postMessage(code))
}
for (let index = 0; index < 20; index++) ask()
`

/** What clients that ask all the time on new connections are refused with when the server closes. */
async function closeUnderNewConnections(halted = new Int32Array(new SharedArrayBuffer(8))): Promise<Set<unknown>> {
  const port = await listen(5000)
  let connections = 0
  app.server.on('connection', () => connections++)
  const codes: unknown[] = []
  const client = new Worker(newConnections, { eval: true, workerData: { port, halted } })
  client.on('message', (code) => codes.push(code))
  const close = Server.prototype.close
  try {
    await expect.poll(() => connections, { timeout: 30_000, interval: 5 }).toBeGreaterThan(200)
    Server.prototype.close = function (...args) {
      block(30)
      return close.apply(this, args)
    }
    await app.close()
    await expect.poll(() => codes.length, { timeout: 30_000, interval: 5 }).toBe(20)
    return new Set(codes)
  } finally {
    Server.prototype.close = close
    await client.terminate()
  }
}

const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('a process that loses the CPU when it stops listening resets no connection of a client that was just answered', async () => {
  expect(await closeUnderNewConnections()).toEqual(new Set(['ECONNREFUSED']))
})

test('a machine that stops while the process looks for the last connections makes it look again', async () => {
  const halted = new Int32Array(new SharedArrayBuffer(8))
  let sleeps = 0
  clock = {
    ...systemClock,
    async sleep(ms, options) {
      await systemClock.sleep(ms, options)
      if (++sleeps !== 2) return // the first one waits before anything is held
      halted[0] = 1
      block(250)
    },
  }
  expect(await closeUnderNewConnections(halted)).toEqual(new Set(['ECONNREFUSED']))
  expect(halted[0]).toBe(2)
})

test('closing under load loses no request', async () => {
  const port = await listen(5000)
  const counts = { answered: 0, refused: 0, failed: [] as unknown[] }

  async function work(agent: Agent): Promise<void> {
    for (;;) {
      try {
        const { status } = await get(port, `/slow/${Math.floor(Math.random() * 10)}`, agent)
        if (status !== 200) counts.failed.push(status)
        counts.answered++
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
          counts.refused++
          return
        }
        counts.failed.push(error)
        return
      }
      if (Math.random() < 0.2) await pause(Math.random() * 50) // some connections are idle when the end comes
    }
  }

  const workers = Array.from({ length: 50 }, () => work(keepAlive()))
  await expect.poll(() => counts.answered, { timeout: 30_000, interval: 20 }).toBeGreaterThan(500)
  await app.close()
  await Promise.all(workers)
  expect(counts.failed).toEqual([])
  expect(counts.refused).toBe(50)
})
