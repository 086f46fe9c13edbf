// Sockets of /v1/realtime: what one costs in memory, how long an event takes to reach all of them, and how soon a crowd
// that lost its connections hears again. Client and server are two processes on one machine.
//   node bench/http/realtime.ts [sockets of the fan-out] [sockets of the storm]
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@core/api/client'
import WebSocket from 'ws'
import { z } from 'zod'

const fanOutSockets = Number(process.argv[2] ?? 1000)
const stormSockets = Number(process.argv[3] ?? 2000)
const events = 100
const ownerKey = 'bench-owner-key-0123456789-0123456789'
const usageSchema = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number(), cpuMs: z.number() })
const frameSchema = z.object({ op: z.string(), seq: z.number().optional(), at: z.string().optional() })

interface Line {
  readonly socket: WebSocket
  seq: number
  readonly subscribed: Promise<void>
}

const folder = mkdtempSync(join(tmpdir(), 'core-bench-realtime-'))
const server = fork(new URL('./realtime-server.ts', import.meta.url), {
  execArgv: ['--expose-gc'],
  env: { PATH: process.env['PATH'], CORE_OWNER_KEY: ownerKey, BENCH_DATA_DIR: folder },
})
const { url } = z.object({ url: z.string() }).parse((await once(server, 'message'))[0])
const client = createClient({ url, key: ownerKey })
const params = { project: 'smart_layer' }
const rows: [string, string][] = []

const empty = await usage(server)
let lines = await openAll(fanOutSockets)
await pause(1000)
const full = await usage(server)
rows.push(['sockets', String(fanOutSockets)])
rows.push([
  'memory per socket, heap and buffers',
  kilobytes((full.heapUsed + full.external - empty.heapUsed - empty.external) / fanOutSockets),
])
rows.push(['memory per socket, resident set', kilobytes((full.rss - empty.rss) / fanOutSockets)])

const latencies: number[] = []
let received = 0
for (const line of lines) line.socket.on('message', (data) => note(String(data)))
// Most receive the same text: parsed once, or the measuring process would be what is measured.
let lastText = ''
let lastAtMs = 0
function note(text: string): void {
  const nowMs = performance.timeOrigin + performance.now()
  if (text !== lastText) {
    const { op, at } = frameSchema.parse(JSON.parse(text))
    if (op !== 'event' || at === undefined) return
    lastText = text
    lastAtMs = toMs(at)
  }
  received++
  latencies.push(nowMs - lastAtMs)
}
const before = await usage(server)
for (let event = 0; event < events; event++) {
  await client.setFlag({ params, body: { name: 'bench.realtime', value: event } })
  await pause(50)
}
await until(() => received >= events * lines.length)
const after = await usage(server)
latencies.sort((left, right) => left - right)
rows.push(['events sent to every socket', String(events)])
rows.push(['lost or doubled', String(received - events * lines.length)])
for (const [name, share] of [
  ['p50', 0.5],
  ['p99', 0.99],
  ['max', 1],
] as const) {
  rows.push([
    `from commit to socket, ${name}`,
    `${(latencies[Math.ceil(latencies.length * share) - 1] ?? 0).toFixed(1)} ms`,
  ])
}
rows.push(['CPU of the server per delivery', `${(((after.cpuMs - before.cpuMs) / received) * 1000).toFixed(1)} us`])
for (const { socket } of lines) socket.terminate()
await pause(500)

lines = await openAll(stormSockets)
await client.setFlag({ params, body: { name: 'bench.realtime', value: 'before' } })
await pause(500)
const seq = Math.min(...lines.map((line) => line.seq))
for (const { socket } of lines) socket.terminate()
await client.setFlag({ params, body: { name: 'bench.realtime', value: 'while away' } })
const startedAt = performance.now()
lines = await openAll(stormSockets, seq, stormSockets)
const stormMs = performance.now() - startedAt
rows.push([`storm: ${stormSockets} sockets at once, all subscribed from since after`, `${Math.round(stormMs)} ms`])
for (const { socket } of lines) socket.terminate()
server.send('stop')
await once(server, 'exit')
rmSync(folder, { recursive: true, force: true })

process.stdout.write(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}\n\n| | |\n|---|---|\n`,
)
for (const [what, figure] of rows) process.stdout.write(`| ${what} | ${figure} |\n`)

/** Opens so many sockets, `atOnce` of them at a time, and waits until each has subscribed. */
async function openAll(count: number, since?: number, atOnce = 100): Promise<Line[]> {
  const opened: Line[] = []
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(atOnce, count - opened.length) }, () => open(since))
    await Promise.all(batch.map((line) => line.subscribed))
    opened.push(...batch)
  }
  return opened
}

function open(since?: number): Line {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime`, {
    headers: { authorization: `Bearer ${ownerKey}` },
    perMessageDeflate: false,
  })
  const subscribed = new Promise<void>((resolve, reject) => {
    socket.on('message', function first(data) {
      const { op, seq } = frameSchema.parse(JSON.parse(String(data)))
      if (op === 'welcome') {
        line.seq = seq ?? 0
        socket.send(
          JSON.stringify({ op: 'subscribe', id: '1', topic: 'flag', ...(since === undefined ? {} : { since }) }),
        )
      } else if (op === 'subscribed') {
        socket.off('message', first)
        resolve()
      } else reject(new Error(`a socket was answered with ${String(data)}`))
    })
    socket.on('error', reject)
  })
  const line: Line = { socket, seq: 0, subscribed }
  return line
}

async function usage(child: ChildProcess): Promise<z.infer<typeof usageSchema>> {
  child.send('usage')
  return usageSchema.parse((await once(child, 'message'))[0])
}

/** RFC 3339 with microseconds, which Date would cut. */
function toMs(at: string): number {
  const micros = /\.(\d{1,6})/.exec(at)?.[1]?.padEnd(6, '0') ?? '0'
  return Math.floor(Date.parse(at) / 1000) * 1000 + Number(micros) / 1000
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isTrue() && waitedMs < 10_000; waitedMs += 50) await pause(50)
}
