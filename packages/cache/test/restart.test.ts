import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import { expect, it } from 'vitest'
import { createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

it('a Postgres server that is killed under load: every call is answered, and both memories start again', {
  timeout: 180_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-cache-restart-'))
  await chmod(folder, 0o755) // a server started as root runs as another user, which must be able to enter
  const server = await startPostgresServer({ folder: join(folder, 'server'), migrated: true })
  try {
    await using database = await openDatabase({ driver: 'postgres', url: server.url() })
    const open = () =>
      createCache({
        store: postgresStore({ database, project: 'smart_layer' }),
        storeTimeoutMs: 300,
        pollMs: 50,
        jitter: 0,
      })
    await using a = open()
    await using b = open()
    let isStopped = false
    let [answers, slowestMs] = [0, 0]
    const caller = async (number: number) => {
      while (!isStopped) {
        const startedAt = performance.now()
        const key = `k${number}:${answers % 50}`
        const cache = number % 2 === 0 ? a : b
        expect(await cache.getOrSet(key, () => key, { hardTimeoutMs: 2_000, ttl: '1h' })).toBe(key)
        slowestMs = Math.max(slowestMs, performance.now() - startedAt)
        answers++
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const setAndKeep = async () => {
      await a.set('kept', 'before')
      return b.get('kept')
    }
    await expect.poll(setAndKeep).toBe('before')
    const callers = Promise.all(Array.from({ length: 10 }, (_, number) => caller(number)))
    process.kill(server.pid, 'SIGKILL')
    await server.halt()
    const whileAway = answers
    await expect.poll(() => answers, { timeout: 30_000 }).toBeGreaterThan(whileAway + 50)
    expect(b.peek('kept')).toBe('before')
    await server.start()
    // The crash emptied the unlogged tables: another epoch, and nothing in memory can be trusted.
    await expect.poll(() => [a.peek('kept'), b.peek('kept')], { timeout: 60_000 }).toEqual([undefined, undefined])
    const setAndGet = async () => {
      await a.set('after', 1)
      return b.get('after')
    }
    await expect.poll(setAndGet, { timeout: 30_000 }).toBe(1)
    isStopped = true
    await callers
    expect(slowestMs).toBeLessThan(30_000)
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
