import { createChaosDatabase, createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Cache, createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'
import { checkSkewedClocks } from './clock-skew.ts'

type StoreDatabase = Parameters<typeof postgresStore>[0]['database']

let test: TestDatabase
let namespaces = 0

beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.drop())

/** Two processes over one database, as far as the cache can see. */
async function withTwo(work: (a: Cache, b: Cache, namespace: string) => Promise<void>, project = 'smart_layer') {
  const namespace = `n${namespaces++}`
  const open = () =>
    createCache({
      namespace,
      store: postgresStore({ database: test.database, project }),
      pollMs: 25,
      storeTimeoutMs: 20_000,
      leaseTtlMs: 3_000,
      jitter: 0,
    })
  await using a = open()
  await using b = open()
  await work(a, b, namespace)
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 800 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

it('clocks that differ by two days change no lifetime', () =>
  checkSkewedClocks(() => postgresStore({ database: test.database, project: 'skewed' })))

it('what one process loads, another one finds', () =>
  withTwo(async (a, b) => {
    const value = {
      at: new Date(0),
      big: 2n ** 70n,
      set: new Set([1]),
      nothing: undefined,
      half: '\ud800',
      nul: 'a\0b',
    }
    await a.set('k', value)
    expect(await b.getOrSet('k', () => 'loaded')).toEqual(value)
    expect(b.stats()).toMatchObject({ sharedHits: 1, loads: 0 })
  }))

it('a delete, a set, a tag and a clear of one process empty the memory of another', () =>
  withTwo(async (a, b) => {
    const keys = ['deleted', 'set', 'tagged', 'cleared']
    for (const key of keys) await a.getOrSet(key, () => 'old', { tags: key === 'tagged' ? ['t'] : [] })
    await until(() => a.stats().loads === 4)
    for (const key of keys) await b.getOrSet(key, () => 'loaded by b')
    expect(keys.map((key) => b.peek(key))).toEqual(['old', 'old', 'old', 'old'])
    await a.delete('deleted')
    await a.set('set', 'new')
    await a.invalidateTags('t')
    await until(() => ['deleted', 'set', 'tagged'].every((key) => b.peek(key) === undefined))
    expect(b.peek('cleared')).toBe('old')
    expect(await b.get('set')).toBe('new')
    await a.clear()
    await until(() => b.peek('cleared') === undefined)
    expect(a.peek('set')).toBeUndefined()
  }))

it.each(
  (['set', 'setMany'] as const).flatMap((method) =>
    (['the first reaches the tier last', 'the second is answered last'] as const).map(
      (late) => [method, late] as const,
    ),
  ),
)('of two values that one process %s at once, where %s, all read the same', async (method, late) => {
  const namespace = `n${namespaces++}`
  const { promise: isLater, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: isWritten, resolve: written } = Promise.withResolvers<void>()
  let writes = 0
  const reordered: StoreDatabase = {
    async call(name, args, options) {
      const write = name === 'cache_put_many' ? ++writes : 0
      if (write === 1) await isWritten
      const answer = await test.database.call(name, args, options)
      if (write === 2) written()
      if (write === 2 && late === 'the second is answered last') await isLater
      return answer
    },
  }
  const open = (database: StoreDatabase) =>
    createCache({
      namespace,
      store: postgresStore({ database, project: 'smart_layer' }),
      storeTimeoutMs: 20_000,
      jitter: 0,
    })
  await using a = open(reordered)
  await using b = open(test.database)
  const set = (value: string) =>
    method === 'set'
      ? a.set('k', value)
      : a.setMany([
          ['k', value],
          ['other', value],
        ])
  const [first, second] = [set('first'), set('second')]
  await first
  letGo()
  await second
  expect(await a.get('k')).toBe(await b.get('k'))
})

it('a value that was read before a delete elsewhere is not kept by any tier', () =>
  withTwo(async (a, b) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const loading = a.getOrSet('k', () => promise)
    await until(() => a.stats().loads === 1)
    await b.delete('k')
    resolve('read before the delete')
    expect(await loading).toBe('read before the delete')
    await until(() => a.peek('k') === undefined)
    expect(await b.getOrSet('k', () => 'fresh')).toBe('fresh')
    await until(() => b.stats().loads === 1)
    expect(await a.getOrSet('k', () => 'not called')).toBe('fresh')
  }))

it('a load keeps its lease for as long as it runs', () =>
  withTwo(async (a, _, namespace) => {
    const ends = async () => {
      const rows = await test.sql('select ends_at::text from core.cache_lease where namespace = $1', [namespace])
      return rows.map(({ ends_at }) => ends_at)
    }
    const { promise, resolve } = Promise.withResolvers<string>()
    const loading = a.getOrSet('k', () => promise)
    await until(() => a.stats().loads === 1)
    const before = await ends()
    expect(before).toHaveLength(1)
    await expect.poll(ends, { timeout: 30_000 }).not.toEqual(before)
    expect(await ends()).toHaveLength(1)
    resolve('loaded')
    await loading
    await expect.poll(ends, { timeout: 30_000 }).toEqual([])
  }))

it.each(['getOrSet', 'getOrSetMany'] as const)(
  'a value that %s loads while the tier does not answer stays in memory: nothing tells whether it was changed since',
  async (method) => {
    const namespace = `n${namespaces++}`
    let isAway = true
    const flaky = createChaosDatabase(test.database, (name) =>
      isAway && name === 'cache_get_many' ? 'throw' : undefined,
    )
    const open = (database: typeof flaky | TestDatabase['database']) =>
      createCache({
        namespace,
        store: postgresStore({ database, project: 'smart_layer' }),
        pollMs: 25,
        storeTimeoutMs: 20_000,
        jitter: 0,
      })
    await using a = open(flaky)
    await using b = open(test.database)
    const { promise, resolve } = Promise.withResolvers<string>()
    const loading =
      method === 'getOrSet'
        ? a.getOrSet('k', () => promise)
        : a.getOrSetMany(['k'], async () => new Map([['k', await promise]])).then((values) => values.get('k'))
    await until(() => a.stats().loads === 1)
    await b.clear()
    isAway = false
    resolve('read before the clear')
    expect(await loading).toBe('read before the clear')
    await a.set('other', 1) // what a has to write is written by now
    expect(await b.getOrSet('k', () => 'fresh')).toBe('fresh')
  },
)

it('a value that does not decode is a miss and no failure', () =>
  withTwo(async (a, b, namespace) => {
    await a.set('k', 'fine')
    await test.sql(`update core.cache_entry set value = '\\x0908' where namespace = $1`, [namespace])
    expect(await b.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(b.stats().undecodable).toBe(1)
  }))

it('an event that a slow transaction commits late is not passed over', () =>
  withTwo(async (a, b) => {
    await a.set('k', 'old')
    expect(await b.get('k')).toBe('old')
    const slow = await test.connect()
    await slow.query('begin')
    await slow.query(`select core_api.cache_delete('n${namespaces - 1}', '{k}', 'elsewhere', 'smart_layer')`)
    for (let index = 0; index < 5; index++) await a.set(`other${index}`, index)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(b.peek('k')).toBe('old')
    await slow.query('commit')
    await until(() => b.peek('k') === undefined)
  }))

it('projects do not see each other', async () => {
  const open = (project: string) =>
    createCache({ namespace: 'shared name', store: postgresStore({ database: test.database, project }) })
  await using mine = open('smart_layer')
  await using theirs = open('manus_origin')
  await mine.set('k', 'mine')
  expect(await theirs.get('k')).toBeUndefined()
  await theirs.clear()
  await theirs.delete('k')
  mine.stats()
  await using again = open('smart_layer')
  expect(await again.get('k')).toBe('mine')
})

it('a crash of the server that empties the unlogged tables empties memory, too', () =>
  withTwo(async (a, b) => {
    await a.set('k', 'v')
    expect(await b.get('k')).toBe('v')
    await test.sql('truncate core.cache_entry, core.cache_event, core.cache_lease, core.cache_head')
    await until(() => a.peek('k') === undefined && b.peek('k') === undefined)
    expect(await a.getOrSet('k', () => 'loaded again')).toBe('loaded again')
  }))
