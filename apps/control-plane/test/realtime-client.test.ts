import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createRealtimeClient, type RealtimeItem, type RealtimeOptions } from '@core/api/realtime'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { listen } from './frames.ts'
import { openTestServer, type TestServer } from './test-server.ts'

/** The client against a real server, through a line that can be cut. */

let server: TestServer
let url: string
let line: CutLine
const patience = { timeout: 30_000 }
const clients: AsyncDisposable[] = []

interface CutLine {
  readonly url: string
  /** Cuts every connection, as a router would that forgets them. */
  cut(): void
  readonly connections: number
  server: Server
}

/** A relay to the server whose connections can be cut without a word to either side's protocol. */
async function openLine(target: string): Promise<CutLine> {
  const sockets = new Set<Socket>()
  let connections = 0
  const relay = createServer((near) => {
    connections++
    const far = connect(Number(new URL(target).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const address = relay.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    server: relay,
  }
}

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, { pollEveryMs: 100 })
  url = await listen(server.app)
  line = await openLine(url)
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]()
  await expect.poll(() => server.realtime.connections.count(), patience).toBe(0)
})
afterAll(async () => {
  line.cut()
  line.server.close()
  await server[Symbol.asyncDispose]()
})

function createClient(options: Partial<RealtimeOptions> = {}) {
  const client = createRealtimeClient({ url: line.url, key: server.keys.smart_layer, ...options })
  clients.push(client)
  return client
}

let written = 0
async function write(count = 1): Promise<void> {
  const alert = `jsonb_build_object('alert', n, 'account', 'smart_layer', 'budget', 'daily', 'period', 'day', 'limit', 1,
    'spent', 1, 'threshold_bp', 8000, 'tx', n)`
  await server.test.sql(
    `select core.emit('ledger.alert', 'smart_layer', 'threshold_crossed', ${alert}) from generate_series($1::int, $2::int) n`,
    [written + 1, written + count],
  )
  written += count
}

/** Reads a subscription in the background. */
function collect(items: AsyncIterable<RealtimeItem<'ledger.alert'>>) {
  const alerts: number[] = []
  const resyncs: string[] = []
  const ended = (async () => {
    for await (const item of items) {
      if (item.kind === 'event') alerts.push(item.data.alert)
      else resyncs.push(item.reason)
    }
  })()
  ended.catch(() => undefined)
  return { alerts, resyncs, ended }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

test.each(['websocket', 'sse'] as const)(
  '%s: 20 cut lines lose nothing and double nothing while a writer writes',
  {
    timeout: 180_000,
  },
  async (transport) => {
    await write()
    const first = written + 1
    const client = createClient({ transport, random: () => 0.1 })
    const { alerts, resyncs } = collect(client.subscribe('ledger.alert'))
    // The event before the subscription may still be on its way.
    await expect
      .poll(async () => {
        if (alerts.length === 0) await write()
        return alerts.length
      }, patience)
      .toBeGreaterThan(0)
    const start = alerts[0] ?? first

    const stopped = new AbortController()
    const writing = (async () => {
      while (!stopped.signal.aborted) {
        await write(3)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    for (let drop = 0; drop < 20; drop++) {
      const made = line.connections
      line.cut()
      await expect.poll(() => line.connections, patience).toBeGreaterThan(made)
      const seen = alerts.length
      await expect.poll(() => alerts.length, patience).toBeGreaterThan(seen)
    }
    stopped.abort()
    await writing
    await expect.poll(() => alerts.at(-1), patience).toBe(written)
    expect(alerts).toEqual(range(start, written))
    expect(resyncs).toEqual([])
  },
)

test('a cursor that is kept continues another day, and several subscriptions share one line', async () => {
  const [before] = await server.test.sql(`select core_api.event_poll(-1) ->> 'head' as head`)
  const since = { seq: Number(before?.['head']) }
  const first = written + 1
  await write(30)
  const client = createClient()
  const connections = line.connections
  const subscriptions = [1, 2, 3].map(() => collect(client.subscribe('ledger.alert', { since })))
  const flags = client.subscribe('flag', { since })[Symbol.asyncIterator]()
  await server.test.sql(`select core_api.flag_set('routing.mode', '"safe"')`)
  expect(await flags.next()).toMatchObject({ value: { topic: 'flag', project: null, data: { value: 'safe' } } })
  for (const { alerts } of subscriptions) await expect.poll(() => alerts, patience).toEqual(range(first, written))
  const late = collect(client.subscribe('ledger.alert', { since }))
  await expect.poll(() => late.alerts, patience).toEqual(range(first, written))
  await write(5)
  for (const { alerts } of [...subscriptions, late]) {
    await expect.poll(() => alerts, patience).toEqual(range(first, written))
  }
  expect(line.connections - connections).toBe(1)
})

test('a reader that is slow loses nothing and delays no other', async () => {
  const client = createClient()
  const slow = client.subscribe('ledger.alert')[Symbol.asyncIterator]()
  const fast = collect(client.subscribe('ledger.alert'))
  await expect
    .poll(async () => {
      await write()
      return fast.alerts.length
    }, patience)
    .toBeGreaterThan(0)
  const start = fast.alerts[0] ?? 0
  for (let index = 0; index < 5; index++) await write(1000)
  await expect.poll(() => fast.alerts.at(-1), patience).toBe(written)
  expect(fast.alerts).toEqual(range(start, written))
  const seen: number[] = []
  while (seen.at(-1) !== written) {
    const { value } = await slow.next()
    if (value?.kind === 'event') seen.push(value.data.alert)
  }
  expect(seen).toEqual(range(seen[0] ?? 0, written))
  expect(seen[0]).toBe(start)
})

test('the signal ends an iteration, and close ends all', async () => {
  const client = createClient()
  const controller = new AbortController()
  const [one, two] = [
    collect(client.subscribe('ledger.alert', { signal: controller.signal })),
    collect(client.subscribe('ledger.alert')),
  ]
  controller.abort()
  await one.ended
  await expect
    .poll(async () => {
      await write()
      return two.alerts.length
    }, patience)
    .toBeGreaterThan(0)
  await client.close()
  await two.ended
  expect(() => client.subscribe('flag')).toThrow('closed')
})

test.each(['websocket', 'sse'] as const)('%s: what no retry would fix is thrown', async (transport) => {
  const ended = (options: Partial<RealtimeOptions>, topic: 'ledger.alert' | 'key') =>
    createClient({ transport, ...options })
      .subscribe(topic)
      [Symbol.asyncIterator]()
      .next()
  await expect(ended({ key: 'ck_live_junk' }, 'ledger.alert')).rejects.toMatchObject({ code: 'E_UNAUTHENTICATED' })
  await expect(ended({}, 'key')).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await expect(ended({ project: 'manus_origin' }, 'ledger.alert')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('a revoked key ends the iteration with E_UNAUTHENTICATED', async () => {
  const made = await server.send('POST', '/v1/projects/smart_layer/api-keys', {
    key: server.owner,
    body: { name: 'x' },
  })
  const { ended } = collect(createClient({ key: String(made.body['secret']) }).subscribe('ledger.alert'))
  await expect.poll(() => server.realtime.connections.count(), patience).toBe(1)
  await server.send('DELETE', `/v1/projects/smart_layer/api-keys/${made.body['id']}`, { key: server.owner })
  await expect(ended).rejects.toMatchObject({ code: 'E_UNAUTHENTICATED' })
})

test('where sockets do not get through, server-sent events do', async () => {
  const client = createClient({ random: () => 0, openWebSocket: () => new WebSocket('ws://127.0.0.1:9/') })
  const { alerts } = collect(client.subscribe('ledger.alert'))
  await expect
    .poll(async () => {
      await write()
      return alerts.length
    }, patience)
    .toBeGreaterThan(2)
  expect(alerts).toEqual(range(alerts[0] ?? 0, alerts.at(-1) ?? 0))
})

test('a server that is away for a while is found again', async () => {
  const own = await openTestServer(undefined, undefined, { pollEveryMs: 100 })
  const address = await listen(own.app)
  const relay = await openLine(address)
  const client = createRealtimeClient({ url: relay.url, key: own.keys.smart_layer, random: () => 0.2 })
  clients.push(client)
  const seen: unknown[] = []
  void (async () => {
    for await (const item of client.subscribe('flag')) if (item.kind === 'event') seen.push(item.data.value)
  })()
  let flag = 0
  const change = () => own.test.sql(`select core_api.flag_set('a', $1)`, [String(++flag)])
  await expect
    .poll(async () => {
      await change()
      return seen.length
    }, patience)
    .toBeGreaterThan(0)
  const { port } = new URL(relay.url)
  relay.cut()
  await new Promise((resolve) => relay.server.close(resolve))
  await change()
  await change()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const again = await openLine(address)
  await new Promise((resolve) => again.server.close(resolve))
  again.server.listen(Number(port), '127.0.0.1')
  await expect.poll(() => seen.at(-1), patience).toBe(flag)
  expect(seen).toEqual(range(Number(seen[0]), flag))
  await client.close()
  again.cut()
  again.server.close()
  await own[Symbol.asyncDispose]()
})
