import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { cpuOfServer, startPostgresServer } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

const processes = 20
const loops = 50
const measuredMs = 30_000
const sent = 100

test('1,000 idle consumers without hints cost at most 5 % of a core, and what comes reaches them within a second', {
  timeout: 300_000,
}, async () => {
  const server = await startPostgresServer({ folder: await mkdtemp(join(tmpdir(), 'core-idle-')), durable: true })
  const children: ChildProcess[] = []
  try {
    const database = await openDatabase({ driver: 'postgres', url: server.url(), poolSize: 4 })
    await using _closing = { [Symbol.asyncDispose]: () => database.close() }
    await migrateUp({ database })
    const names = Array.from({ length: processes }, (_, at) => `p${at}`)
    for (const p_name of [...names, 'sender']) await database.rpc('project_register', { p_name })
    const times: number[] = []
    for (const name of names) {
      const child = fork(join(import.meta.dirname, 'idle-process.ts'), [server.url(), name, String(loops)])
      children.push(child)
      child.on('message', (said) => {
        if ('took' in Object(said)) times.push(Object(said).took)
      })
      await once(child, 'message')
    }
    await pause(10_000)
    const before = cpuOfServer(server.pid)
    const since = performance.now()
    await pause(measuredMs)
    const share = (100_000 * (cpuOfServer(server.pid) - before)) / (performance.now() - since)

    const sender = createCoordinator({ database, project: 'sender' })
    for (let at = 0; at < sent; at++) {
      const name = names[at % processes] ?? ''
      if (at % 2 === 0) await sender.messages.send(name, 't', Date.now())
      else await sender.tasksOf(name).enqueue(`q${at % (loops / 2)}`, { kind: 'k', payload: Date.now() })
      await pause(20)
    }
    await expect.poll(() => times.length, { timeout: 30_000 }).toBe(sent)
    times.sort((a, b) => a - b)
    const [median, p95] = [times[sent / 2] ?? 0, times[Math.floor(sent * 0.95)] ?? 0]
    process.stdout.write(`\nidle consumers: ${share.toFixed(1)} % of a core; taken after ${median} ms, p95 ${p95} ms\n`)
    expect(share).toBeLessThan(5)
    expect(p95).toBeLessThan(1_250) // a second, and what the calls take
    for (const child of children) {
      const ended = once(child, 'exit')
      child.send('end')
      expect(await ended).toEqual([0, null])
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await server.stop()
  }
})
