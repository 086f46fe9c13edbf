import { credits } from '@core/ledger'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Core, openCore } from '../src/index.ts'
import { metered } from '../src/web/metered.ts'
import { type CoreServer, noEnvironment, startCoreServer } from './core-server.ts'

let server: CoreServer
let core: Core
beforeAll(async () => {
  server = await startCoreServer()
  core = await openCore({ ...server.ways.http, project: 'painter', env: noEnvironment, timeoutMs: 20_000 })
})
afterAll(async () => {
  await core?.close()
  await server?.[Symbol.asyncDispose]()
})

const options = () => ({ core, account: 'painter', max: credits(2), readerTimeoutMs: 300 })
const request = () => new Request('http://painter.example/paint')

async function books() {
  const balance = await core.ledger.balance('painter')
  if (balance.status !== 'found') throw new Error('there is no account')
  return { held: balance.held, settled: balance.settled }
}

/** What was charged once nothing is held. */
async function chargeOf(work: () => Promise<unknown>): Promise<number> {
  const before = await books()
  await work()
  return await vi.waitFor(async () => {
    const { held, settled } = await books()
    expect(held).toBe(0)
    return before.settled - settled
  }, 30_000)
}

function stream(words: number) {
  const seen = { isCancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (words-- > 0) controller.enqueue(new TextEncoder().encode('word '))
        else controller.close()
      },
      cancel() {
        seen.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, seen }
}

test('an answer is settled to what was metered when its body has ended', async () => {
  const handler = metered(async (_, hold, name: string) => {
    hold.meter(credits(0.5))
    return new Response(stream(10).body, { status: 201, headers: { 'x-name': name } })
  }, options())
  const charged = await chargeOf(async () => {
    const response = await handler(request(), 'sky')
    expect([response.status, response.headers.get('x-name')]).toEqual([201, 'sky'])
    expect(await response.text()).toBe('word '.repeat(10))
    expect((await books()).held).toBe(0)
  })
  expect(charged).toBe(credits(0.5))
})

test('what metered nothing is charged whole, an error nothing', async () => {
  const plain = metered(() => new Response(null, { status: 204 }), options())
  expect(await chargeOf(() => plain(request()))).toBe(credits(2))
  const error = metered(() => new Response('no such picture', { status: 404 }), options())
  expect(await chargeOf(async () => (await error(request())).text())).toBe(0)
  const failing = metered(() => Promise.reject(new Error('broken')), options())
  expect(await chargeOf(() => expect(failing(request())).rejects.toThrow('broken'))).toBe(0)
})

test.each([
  ['cancels', (response: Response) => response.body?.cancel()],
  ['never reads', () => undefined],
])('a client that %s ends a long body, and what was metered is charged', async (_, leave) => {
  const { body, seen } = stream(1_000_000)
  const handler = metered((_, hold) => {
    hold.meter(credits(0.25))
    return new Response(body)
  }, options())
  expect(await chargeOf(async () => await leave(await handler(request())))).toBe(credits(0.25))
  expect(seen.isCancelled).toBe(true)
})

test('a denial is 402 with its facts, and the handler has not run', async () => {
  const handler = vi.fn(() => new Response('painted'))
  const response = await metered(handler, { ...options(), max: () => credits(5_000) })(request())
  expect([response.status, response.headers.get('content-type')]).toEqual([402, 'application/problem+json'])
  expect(await response.json()).toMatchObject({ code: 'insufficient_credits', status: 402, account: 'painter' })
  expect(handler).not.toHaveBeenCalled()
})

test('the same key is charged once, and answered each time', async () => {
  let runs = 0
  const handler = metered(
    (_, hold) => {
      runs += 1
      hold.meter(credits(0.1))
      return new Response('painted')
    },
    { ...options(), key: ({ url }) => `picture of ${url}` },
  )
  const run = async () => (await handler(request())).text()
  expect(await chargeOf(run)).toBe(credits(0.1))
  expect(await chargeOf(async () => expect(await run()).toBe('painted'))).toBe(0)
  expect(runs).toBe(2)
})

test('while the database is away the answer is 503', async () => {
  await server.rest.halt()
  try {
    const response = await metered(() => new Response('painted'), options())(request())
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  } finally {
    await server.rest.start()
  }
})
