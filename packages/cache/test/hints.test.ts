import { openDatabase } from '@core/database'
import { createTestDatabase, findPgBouncer, startPooler, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cache, createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

let on: TestDatabase
let namespaces = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 6 })
})
afterAll(() => on.drop())

type StoreDatabase = Parameters<typeof postgresStore>[0]['database']
const open = (namespace: string, pollMs: number, database: StoreDatabase = on.database) =>
  createCache({
    namespace,
    store: postgresStore({ database, project: 'smart_layer' }),
    pollMs,
    jitter: 0,
    storeTimeoutMs: 20_000,
  })

async function msUntil(condition: () => boolean, limitMs: number): Promise<number> {
  const startedAt = performance.now()
  while (!condition()) {
    if (performance.now() - startedAt > limitMs) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - startedAt
}

/** Whether its process listens by now: a change elsewhere is then heard of long before the next poll. */
async function hears(reader: Cache, writer: Cache): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    await reader.getOrSet('probe', () => 'here')
    await writer.set('probe', `${tries}`)
    const found = await msUntil(() => reader.peek('probe') === undefined, 100).catch(() => undefined)
    if (found !== undefined) return
  }
  throw new Error('hints do not arrive')
}

test('a change elsewhere is heard of at once, however seldom the store is polled', async () => {
  const namespace = `n${namespaces++}`
  // The first poll of a cache is one interval after its start; hints begin with it.
  await using reader = open(namespace, 2_000)
  await using writer = open(namespace, 60_000)
  await hears(reader, writer)
  const lags: number[] = []
  for (let round = 0; round < 10; round++) {
    const kept = async () => {
      await reader.getOrSet('k', () => 'old', { tags: ['t'] })
      return reader.peek('k')
    }
    await expect.poll(kept, { timeout: 30_000 }).toBe('old')
    if (round % 3 === 0) await writer.delete('k')
    else if (round % 3 === 1) await writer.invalidateTags('t')
    else await writer.clear()
    lags.push(await msUntil(() => reader.peek('k') === undefined, 20_000))
  }
  // Transactions of other tests on the server hold back what is final: some lags may be those of the poll.
  expect(Math.min(...lags)).toBeLessThan(500)
})

test('many changes in a moment are few hints, and the caches of a process share one connection', async () => {
  const namespace = `n${namespaces++}`
  const count = async () =>
    Number((await on.sql(`select count(*)::int as count from pg_stat_activity where query ~* '^listen'`))[0]?.['count'])
  let hints = 0
  const counting: StoreDatabase = {
    call: (name, args, options) => {
      if (name === 'cache_hint') hints++
      return on.database.call(name, args, options)
    },
    listen: on.database.listen,
  }
  {
    await using one = open(namespace, 25, counting)
    await using two = open(`${namespace}b`, 25, counting)
    await one.get('k')
    await two.get('k')
    await msUntil(() => hints === 2, 20_000) // their self-tests
    await new Promise((resolve) => setTimeout(resolve, 200))
    await expect.poll(count).toBe(1)
    await Promise.all(Array.from({ length: 200 }, (_, at) => one.delete(`k${at}`)))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(hints).toBeGreaterThan(2)
    expect(hints).toBeLessThan(60)
  }
  await expect.poll(count).toBe(0)
})

test('where notifications do not arrive, what is not heard of is polled', async ({ skip }) => {
  const command = findPgBouncer()
  if (command === undefined) return skip('there is no pgbouncer on this machine')
  await using pooler = await startPooler(command, on.url)
  await using database = await openDatabase({ driver: 'postgres', url: pooler.url })
  const namespace = `n${namespaces++}`
  await using reader = open(namespace, 50, database)
  await using writer = open(namespace, 50, database)
  for (let round = 0; round < 3; round++) {
    await reader.getOrSet('k', () => round)
    await writer.delete('k')
    await msUntil(() => reader.peek('k') === undefined, 20_000)
  }
  expect(reader.stats().sharedErrors).toBe(0)
})

test('hints of another project wake no one', async () => {
  let polls = 0
  const counting: StoreDatabase = {
    call: (name, args, options) => {
      if (name === 'cache_poll') polls++
      return on.database.call(name, args, options)
    },
    listen: on.database.listen,
  }
  const namespace = `n${namespaces++}`
  await using reader = open(namespace, 2_000, counting)
  await using writer = open(namespace, 60_000)
  await hears(reader, writer)
  let before = -1
  while (before !== polls) {
    before = polls // until the hints of its own project are over
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  const startedAt = performance.now()
  for (let sent = 0; sent < 20; sent++) {
    await on.database.rpc('cache_hint', { p_namespace: 'n', p_origin: 'x', p_project: 'manus_origin' })
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  const byTheClock = (performance.now() - startedAt) / 2_000
  expect(polls - before).toBeLessThanOrEqual(1 + byTheClock)
})
