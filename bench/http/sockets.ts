import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import { endListeners, openListeners } from './listener.ts'
import { openPlane, type Plane } from './open-plane.ts'

/** Files beside the sockets that either process has open. */
const spareFiles = 500
const params = { project: 'smart_layer' }

/** What sockets of `/v1/realtime` weigh, and how soon a crowd that lost its connections hears again. */
export async function measureSockets(context: BenchContext): Promise<Row[]> {
  const { isQuick, folder } = context
  const rows: Row[] = []
  for (const sockets of isQuick ? [20] : [1000, 5000]) {
    const files = await filesAtMost()
    if (files < sockets + spareFiles) {
      // Written down rather than failed: the machine forbids it, not the server.
      context.describe(`${sockets} sockets`, { 'left out': `ulimit -n is ${files}; it needs ${sockets + spareFiles}` })
      continue
    }
    await using plane = await openPlane(folder)
    rows.push(...(await weigh(plane, sockets, context)))
  }
  await using plane = await openPlane(folder)
  rows.push(await storm(plane, isQuick ? 40 : 2000, context))
  return rows
}

async function weigh(plane: Plane, sockets: number, { progress, isQuick }: BenchContext): Promise<Row[]> {
  // The first few warm up what every further one shares.
  const first = await openListeners(plane, 20)
  const settle = () => pause(isQuick ? 100 : 1500)
  await settle()
  const before = await plane.memory()
  const listeners = await openListeners(plane, sockets)
  await settle()
  const after = await plane.memory()
  endListeners([...first, ...listeners])
  progress(`${sockets} sockets weighed`)
  const heap = after.heapUsed + after.external - before.heapUsed - before.external
  const perSocket = (bytes: number) => bytes / 1024 / sockets
  const name = `${sockets.toLocaleString('en')} sockets`
  // Quick, the few sockets weigh less than the noise.
  const goal = isQuick ? undefined : goals.socketKilobytes
  return [
    toRow(`${name}: heap and buffers of one`, perSocket(heap), 'KB', goal),
    toRow(`${name}: resident set of one`, perSocket(after.rss - before.rss), 'KB', goal),
  ]
}

async function storm(plane: Plane, sockets: number, { progress }: BenchContext): Promise<Row> {
  const listeners = await openListeners(plane, sockets)
  await plane.client.setFlag({ params: { ...params, name: 'bench.storm' }, body: { value: 'before' } })
  const since = Math.min(...listeners.map(({ seq }) => seq))
  endListeners(listeners)
  await plane.client.setFlag({ params: { ...params, name: 'bench.storm' }, body: { value: 'while away' } })
  const startedAt = performance.now()
  const again = await openListeners(plane, sockets, { since, atOnce: sockets })
  const seconds = (performance.now() - startedAt) / 1000
  endListeners(again)
  progress(`${sockets} sockets came back after ${seconds.toFixed(2)} s`)
  const name = `${sockets.toLocaleString('en')} sockets come back at once: all subscribed after`
  return toRow(name, seconds, 's', goals.stormSeconds)
}

/** How many files this process may have open; its children may have as many. */
async function filesAtMost(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const found = /^Max open files +(\d+)/m.exec(limits)?.[1]
  return found === undefined ? Number.POSITIVE_INFINITY : Number(found) // not Linux: it will be seen
}
