import { openDatabase } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { createFakeClock } from '@core/foundation/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Decision, LimitOptions } from '../src/limits/limiter.ts'
import { createPermitBatcher } from '../src/limits/permit-batcher.ts'
import { createSharedWindow, refreshIntervalMs } from '../src/limits/shared-window.ts'

/** Limiters of several processes, each with connections of its own, on one real server. */

let shared: TestDatabase
beforeAll(async () => {
  shared = await createTestDatabase()
})
afterAll(() => shared.drop())

async function openProcess(options: LimitOptions, leaseMs: number) {
  const database = await openDatabase({ driver: 'postgres', url: shared.url, poolSize: 2 })
  const batcher = createPermitBatcher({ database, leaseMs })
  const limiter = createSharedWindow({ ...options, batcher, leaseMs })
  return { limiter, [Symbol.asyncDispose]: () => database.close() }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The most that passed in any window: each window that ends with a passed request. */
function fullest(passedAt: readonly number[], windowMs: number): number {
  const times = passedAt.toSorted((left, right) => left - right)
  let first = 0
  return times.reduce((most, time, index) => {
    while ((times[first] ?? time) <= time - windowMs) first++
    return Math.max(most, index - first + 1)
  }, 0)
}

test('four processes under four times the load: never above the limit, and most of it is used', async () => {
  const options = { name: 'load', limit: 200, windowMs: 1200 }
  await using stack = new AsyncDisposableStack()
  const processes = await Promise.all([1, 2, 3, 4].map(() => openProcess(options, 100)))
  for (const process of processes) stack.use(process)
  const passedAt: number[] = []
  const endsAt = performance.now() + 6000
  await Promise.all(
    processes.map(async ({ limiter }, index) => {
      while (performance.now() < endsAt) {
        const burst = Math.ceil(Math.random() * 10)
        const decisions = await Promise.all(
          Array.from({ length: burst }, async () => {
            const decision = await limiter.take('key')
            return { decision, at: performance.now() }
          }),
        )
        for (const { decision, at } of decisions) if (decision.isAllowed) passedAt.push(at)
        await limiter.giveBack()
        await pause(Math.random() * 10 * (index + 1))
      }
    }),
  )
  expect(fullest(passedAt, options.windowMs)).toBeLessThanOrEqual(options.limit)
  // A permit counts a window, a cell and a lease long: 200 per 1,320 ms would be 909 in six seconds.
  expect(passedAt.length).toBeGreaterThan(500)
})

test('a burst at all processes at once passes exactly the limit', async () => {
  const options = { name: 'burst', limit: 100, windowMs: 60_000 }
  await using stack = new AsyncDisposableStack()
  const processes = await Promise.all([1, 2, 3].map(() => openProcess(options, 5000)))
  for (const process of processes) stack.use(process)
  const decisions: Decision[] = await Promise.all(
    processes.flatMap(({ limiter }) => Array.from({ length: 100 }, () => limiter.take('key'))),
  )
  expect(decisions.filter(({ isAllowed }) => isAllowed)).toHaveLength(100)
  const refused = decisions.filter(({ isAllowed }) => !isAllowed)
  for (const { remaining, resetMs } of refused) {
    expect(remaining).toBe(0)
    expect(resetMs).toBeGreaterThan(0)
    expect(resetMs).toBeLessThanOrEqual(60_000 + 1000 + 5000)
  }
  // Two have learned that nothing is left; the one that got all of it learns so with its next request.
  const known = () => processes.filter(({ limiter }) => limiter.refusal('key') !== undefined).length
  expect(known()).toBe(2)
  for (const { limiter } of processes) expect(await limiter.take('key')).toMatchObject({ isAllowed: false })
  expect(known()).toBe(3)
  expect(processes[0]?.limiter.refusal('another')).toBeUndefined()
})

test('what one process leased and did not spend passes at another after the lease', async () => {
  const options = { name: 'return', limit: 100, windowMs: 60_000 }
  await using idle = await openProcess(options, 200)
  await using busy = await openProcess(options, 200)
  // A hundred wait at once, so the lease is as large; then all but one of the requests go away.
  const taken = await Promise.all(Array.from({ length: 40 }, () => idle.limiter.take('key')))
  expect(taken.every(({ isAllowed }) => isAllowed)).toBe(true)
  await shared.sql(
    `select core_api.limit_lease('[{"key":"return/60000/key","limit":100,"window_ms":60000,"want":60,"unspent":[]}]', 200)`,
  )
  expect(await busy.limiter.take('key')).toMatchObject({ isAllowed: false })
  const [row] = await shared.sql(
    `select cells[array_length(cells, 1)]::text as cell, permits[array_length(permits, 1)]::int as permits from core.limit_window where key = 'return/60000/key'`,
  )
  await shared.sql(
    `select core_api.limit_lease(jsonb_build_array(jsonb_build_object('key', 'return/60000/key', 'limit', 100, 'window_ms', 60000, 'want', 0, 'unspent', jsonb_build_array(jsonb_build_array($1::bigint, $2::int)))), 200)`,
    [row?.['cell'], row?.['permits']],
  )
  await pause(250)
  expect(await busy.limiter.take('key')).toMatchObject({ isAllowed: true })
})

test('a key that expires unspent is given back', async () => {
  const options = { name: 'idle', limit: 1000, windowMs: 60_000 }
  await using process = await openProcess(options, 100)
  const booked = async () => {
    const [row] = await shared.sql(
      `select coalesce(sum(p), 0)::int as booked from core.limit_window, unnest(permits) p where key = 'idle/60000/key'`,
    )
    return row?.['booked']
  }
  await process.limiter.take('key')
  expect(await booked()).toBe(10)
  await pause(150)
  await process.limiter.giveBack()
  expect(await booked()).toBe(1)
})

test('a database that answers too late gives no caller more: those requests are asked to come back', {
  timeout: 180_000,
}, async () => {
  const options = { name: 'late', limit: 20, windowMs: 60_000 }
  await using stack = new AsyncDisposableStack()
  const processes = await Promise.all([1, 2, 3].map(() => openProcess(options, 5000)))
  for (const process of processes) stack.use(process)
  const burst = () =>
    Promise.allSettled(
      processes.flatMap(({ limiter }) => Array.from({ length: 20 }, async () => await limiter.take('key'))),
    )
  await shared.sql(`insert into core.limit_window (key) values ('late/60000/key')`)
  const holder = shared.sql(
    `with row as (select from core.limit_window where key = 'late/60000/key' for update) select pg_sleep(3) from row`,
  )
  await pause(100)
  const late = await burst()
  expect(late.map(({ status }) => status)).toEqual(Array.from({ length: 60 }, () => 'rejected'))
  for (const each of late) {
    if (each.status === 'rejected')
      expect(each.reason).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
  }
  await holder
  await pause(1100) // the desks ask again after a second
  const passed = (await burst()).filter((each) => each.status === 'fulfilled' && each.value.isAllowed)
  expect(passed).toHaveLength(20)
})

test('permits that lie idle at one process pass at another within a lease, to the last one', async () => {
  const options = { name: 'idle-advance', limit: 100, windowMs: 60_000 }
  const leaseMs = 2000
  await using eager = await openProcess(options, leaseMs)
  await using asked = await openProcess(options, leaseMs)
  const stop = new AbortController()
  const loops = [eager, asked].map(async ({ limiter }) => {
    while (!stop.signal.aborted) {
      await limiter.giveBack()
      await pause(refreshIntervalMs(leaseMs))
    }
  })
  // One after the other, so that it leases more and more in advance, and then has no use for it.
  let passed = 0
  for (let index = 0; index < 40; index++) passed += (await eager.limiter.take('key')).isAllowed ? 1 : 0
  expect(passed).toBe(40)
  const [row] = await shared.sql(
    `select coalesce(sum(p), 0)::int as booked from core.limit_window, unnest(permits) p where key = 'idle-advance/60000/key'`,
  )
  expect(row?.['booked'], 'some are leased in advance').toBeGreaterThan(50)
  const endsAt = performance.now() + leaseMs
  while (performance.now() < endsAt) {
    if ((await asked.limiter.take('key')).isAllowed) passed++
    await pause(2)
  }
  expect(passed, 'not one less, not one more').toBe(100)
  stop.abort()
  await Promise.all(loops)
})

test('while the database is away what is leased is spent, and nothing beyond', async () => {
  const options = { name: 'away', limit: 5, windowMs: 60_000 }
  const process = await openProcess(options, 5000)
  const first = await Promise.all([1, 2, 3].map(() => process.limiter.take('key')))
  expect(first.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true])
  await process[Symbol.asyncDispose]()
  await expect(process.limiter.take('other')).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
})

test('a key that is named twice in one call is given what is left the second time', async () => {
  const want = (want: number, unspent: number[][] = []) => ({
    key: 'twice',
    limit: 10,
    window_ms: 60_000,
    want,
    unspent,
  })
  const other = { key: 'other', limit: 5, window_ms: 1_000, want: 9, unspent: [] }
  const lease = async (p_wants: object[]) =>
    Object(
      await shared.database.rpc('limit_lease', { p_wants: JSON.parse(JSON.stringify(p_wants)), p_lease_ms: 5_000 }),
    ).leases
  const first = await lease([want(7), other, want(7)])
  expect(first).toHaveLength(3)
  expect(first).toEqual(expect.arrayContaining([expect.objectContaining({ key: 'other', given: 5, left: 0 })]))
  const given = first.filter(({ key }: { key: string }) => key === 'twice')
  expect(given).toMatchObject([
    { given: 7, left: 3 },
    { given: 3, left: 0 },
  ])
  const cell = given[0].cell
  expect(await lease([want(9, [[cell, 4]])])).toMatchObject([{ given: 4, left: 0, reset_ms: expect.any(Number) }])
})

test('many keys whose requests may wait are leased in one call, as much as they spend, and one that may not goes at once', async () => {
  await using database = await openDatabase({ driver: 'postgres', url: shared.url, poolSize: 2 })
  const calls: unknown[] = []
  const rpc: typeof database.rpc = (name, args, options) => {
    calls.push(args)
    return database.rpc(name, args, options)
  }
  const leaseMs = 5_000
  const options = { name: 'patient', limit: 600, windowMs: 60_000 }
  const limiter = createSharedWindow({
    ...options,
    batcher: createPermitBatcher({ database: { rpc }, leaseMs }),
    leaseMs,
  })
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
  const decisions = await Promise.all(
    keys.map(async (key, at) => {
      await pause(at)
      return await limiter.take(key, true)
    }),
  )
  expect(decisions).toEqual(keys.map(() => ({ isAllowed: true, remaining: 599, resetMs: expect.any(Number) })))
  expect(calls).toHaveLength(1)
  await limiter.giveBack()
  expect(calls).toHaveLength(1) // there is nothing to give back
  // One that waits for others does not keep one waiting that may not.
  const [patient, urgent] = [limiter.take('both', true), limiter.take('both')]
  expect(await Promise.all([patient, urgent])).toMatchObject([{ isAllowed: true }, { isAllowed: true }])
  expect(calls).toHaveLength(2)
  expect(await limiter.take('both')).toMatchObject({ isAllowed: true })
  expect(calls).toHaveLength(2) // leased in advance, as for any other
})

test('who comes seldom keeps the permits of a window, and asks once in it', async () => {
  await using database = await openDatabase({ driver: 'postgres', url: shared.url, poolSize: 2 })
  const clock = createFakeClock()
  const calls: object[] = []
  const rpc: typeof database.rpc = (name, args, options) => {
    calls.push(args)
    return database.rpc(name, args, options)
  }
  const leaseMs = 5_000
  const options = { name: 'seldom', limit: 600, windowMs: 60_000, leaseMs, clock }
  const limiter = createSharedWindow({
    ...options,
    batcher: createPermitBatcher({ database: { rpc }, leaseMs, clock }),
  })
  const beat = async (everyMs: number) => {
    await clock.advance(everyMs)
    expect(await limiter.take('key', true)).toMatchObject({ isAllowed: true })
    await limiter.giveBack()
    await limiter.giveBack() // at the second time it lies idle
  }
  const wants = () => calls.splice(0).map((args) => Object(args).p_wants[0])
  for (let nth = 0; nth < 2; nth++) await beat(15_000)
  expect(wants()).toMatchObject([{ want: 1 }, { want: 4, lease_ms: 60_000 }])
  for (let nth = 0; nth < 3; nth++) await beat(15_000)
  expect(wants()).toEqual([])
  // The last of them may be spent 55 seconds after the one of a plain lease, in cells of a second.
  const [row] = await shared.sql(
    `select permits[2]::int as permits, (cells[2] - cells[1])::int as later from core.limit_window where key = 'seldom/60000/key'`,
  )
  expect(row).toEqual({ permits: 4, later: expect.any(Number) })
  expect(row?.['later']).toBeGreaterThanOrEqual(55)
  await beat(15_000)
  await beat(70_000)
  expect(wants()).toMatchObject([
    { want: 4, lease_ms: 60_000, unspent: [] },
    { want: 1, unspent: [] },
  ])
  // A hundredth of the limit is the most that it may keep.
  await beat(8_000)
  await beat(8_000)
  expect(wants()).toMatchObject([{ want: 1 }, { want: 1 }])
})

test('near the limit who comes seldom keeps nothing', async () => {
  await using database = await openDatabase({ driver: 'postgres', url: shared.url, poolSize: 2 })
  const clock = createFakeClock()
  const options = { name: 'scarce', limit: 600, windowMs: 60_000, leaseMs: 5_000, clock }
  const limiter = createSharedWindow({ ...options, batcher: createPermitBatcher({ database, ...options }) })
  await shared.database.rpc('limit_lease', {
    p_wants: [{ key: 'scarce/60000/key', limit: 600, window_ms: 60_000, want: 597, unspent: [], lease_ms: 60_000 }],
    p_lease_ms: 5_000,
  })
  const beat = async () => {
    await clock.advance(15_000)
    return (await limiter.take('key', true)).isAllowed
  }
  expect([await beat(), await beat(), await beat(), await beat()]).toEqual([true, true, true, false])
})

test.each([0, -1, 3_600_001])('a lease of %d ms is refused', async (lease_ms) => {
  const want = { key: 'length', limit: 10, window_ms: 60_000, want: 1, unspent: [], lease_ms }
  await expect(shared.database.rpc('limit_lease', { p_wants: [want], p_lease_ms: 5_000 })).rejects.toMatchObject({
    details: { reason: 'invalid_lease' },
  })
})

test('old windows are forgotten, and only the owner may lease', async () => {
  await shared.sql(`insert into core.limit_window (key, expires_at) values ('old', now() - interval '1 minute')`)
  expect(await shared.database.rpc('limit_trim', {})).toMatchObject({ ok: true })
  expect(await shared.sql(`select key from core.limit_window where expires_at < now() or key = 'old'`)).toEqual([])
  expect(await shared.sql(`select key from core.limit_window where key = 'return/60000/key'`)).toHaveLength(1)
  const claims = { role: 'core_member', project: 'smart_layer', caps: ['limit:lease'], sub: 'key:x' } as const
  await expect(shared.database.rpc('limit_lease', { p_wants: [], p_lease_ms: 100 }, { claims })).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
})

test('a key that is trimmed while a lease of it waits for its row is there again, and counts', async () => {
  const lease = () =>
    shared.database.rpc('limit_lease', {
      p_wants: [
        { key: 'kept', limit: 10, window_ms: 60_000, want: 1, unspent: [] },
        { key: 'trimmed', limit: 10, window_ms: 60_000, want: 4, unspent: [] },
      ],
      p_lease_ms: 1_000,
    })
  await lease()
  const trimmer = await shared.connect()
  await trimmer.query('begin')
  await trimmer.query(`select from core.limit_window where key = 'trimmed' for update`)
  const leased = lease()
  await vi.waitFor(
    async () => {
      const waiting = await shared.sql(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      expect(waiting).toHaveLength(1)
    },
    { timeout: 30_000 },
  )
  await trimmer.query(`delete from core.limit_window where key = 'trimmed'`)
  await trimmer.query('commit')
  expect(await leased).toMatchObject({
    leases: [
      { key: 'kept', given: 1 },
      { key: 'trimmed', given: 4, left: 6 },
    ],
  })
  expect(await lease()).toMatchObject({ leases: [{ key: 'kept' }, { key: 'trimmed', given: 4, left: 2 }] })
})
