import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createRealtimeClient } from '@core/api/realtime'
import { retry } from '@core/foundation'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import { openPlane, ownerKey } from './open-plane.ts'

const params = { project: 'smart_layer' }
const patienceMs = 60_000

/** A listener whose line is cut again and again while events continue: what it heard in the end, beside what there was. */
export async function measureDrops({ isQuick, folder, progress, signal }: BenchContext): Promise<Row[]> {
  const [drops, betweenDrops] = isQuick ? [2, 3] : [20, 12]
  await using plane = await openPlane(folder)
  await using line = await openLine(plane.port)
  await using client = createRealtimeClient({ url: line.url, key: ownerKey, project: 'smart_layer' })
  const heard: unknown[] = []
  const over = new AbortController()
  const listening = (async () => {
    for await (const item of client.subscribe('flag', { signal: over.signal })) {
      if (item.kind === 'event') heard.push(Reflect.get(Object(item.data), 'value'))
    }
  })()
  listening.catch(() => undefined)
  // The same value again changes nothing, so a retry makes no event of its own.
  const publish = (value: number) =>
    retry(() => plane.client.setFlag({ params: { ...params, name: 'bench.drops' }, body: { value } }), {
      attempts: 5,
      baseMs: 200,
      capMs: 2000,
      signal,
    })
  await until(async () => {
    await publish(-1)
    await publish(-2)
    return heard.length > 0
  })
  const events = drops * betweenDrops
  for (let event = 0; event < events; event++) {
    signal.throwIfAborted()
    await publish(event)
    if (event % betweenDrops === betweenDrops - 1) {
      await until(async () => line.open() > 0) // it comes back after a pause, and only then can be cut again
      line.cut()
      await pause(Math.random() * 100)
    }
  }
  const last = () => heard.filter((value) => Number(value) >= 0)
  await until(async () => last().at(-1) === events - 1)
  await pause(200)
  over.abort()
  await client.close()
  await listening.catch(() => undefined)
  progress(`${line.connections()} connections for ${events} events`)
  const values = last()
  if (line.connections() <= drops) throw new Error('the line was not cut as often as it should have been')
  return [
    toRow(`${drops} drops: connections`, line.connections(), 'count'),
    toRow(`${drops} drops: events`, events, 'count'),
    toRow(`${drops} drops: lost`, events - new Set(values).size, 'events', goals.none),
    toRow(`${drops} drops: doubled`, values.length - new Set(values).size, 'events', goals.none),
  ]
}

interface Line extends AsyncDisposable {
  readonly url: string
  connections(): number
  /** How many are open now. */
  open(): number
  /** Cuts every connection, as a router would that forgets them. */
  cut(): void
}

async function openLine(port: number): Promise<Line> {
  const sockets = new Set<Socket>()
  let connections = 0
  const relay = createServer((near) => {
    connections++
    const far = connect(port, '127.0.0.1')
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
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    connections: () => connections,
    open: () => sockets.size / 2,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(relay, 'close')
      relay.close()
      cut()
      await closed
    },
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + patienceMs
  while (!(await isTrue())) {
    if (performance.now() > limit) throw new Error('waited for a minute in vain')
    await pause(50)
  }
}
