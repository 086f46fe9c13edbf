import { type Database, openDatabase } from '@core/database'
import { CoreError, type Logger, silentLogger } from '@core/foundation'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { guardDatabase } from './database-guard.ts'

const away = new CoreError('E_DATABASE_UNAVAILABLE', 'gone')
const refused = new CoreError('E_NOT_FOUND', 'no such hold')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A guarded database whose calls end as the test decides. */
async function open(maxCalls = 10, logger: Logger = silentLogger) {
  await using real = await openDatabase({ driver: 'postgres', url: 'postgres://unknown@127.0.0.1:1/none' })
  const under: PromiseWithResolvers<null>[] = []
  const call = () => {
    const pending = Promise.withResolvers<null>()
    under.push(pending)
    return pending.promise
  }
  const database: Database = { ...real, call }
  const guard = guardDatabase({ database, maxCalls, logger })
  const run = () => guard.database.call('any', {}).catch((error: unknown) => error)
  async function fail(times: number, error = away) {
    for (let index = 0; index < times; index++) {
      const ended = run()
      under.pop()?.reject(error)
      expect(await ended).toBe(error)
    }
  }
  return { guard, run, fail, under }
}

const open503 = { code: 'E_DATABASE_UNAVAILABLE', details: { reason: 'circuit_open' } }

test('five failures in a row open it; refusals and successes do not count', async () => {
  const { guard, run, fail, under } = await open()
  await fail(20, refused)
  await fail(4)
  const answer = run()
  under.pop()?.resolve(null)
  expect(await answer).toBe(null)
  await fail(4)
  expect(guard.isBreakerOpen()).toBe(false)
  await fail(1)
  expect(guard.isBreakerOpen()).toBe(true)
  expect(await run()).toMatchObject(open503)
  expect(under).toHaveLength(0)
})

test('after a second one call tries; the others are refused until it has ended well', async () => {
  const { guard, run, fail, under } = await open()
  await fail(5)
  vi.setSystemTime(Date.now() + 1001)
  const trial = run()
  expect(await run()).toMatchObject(open503)
  under.pop()?.reject(away)
  expect(await trial).toBe(away)
  expect(await run()).toMatchObject(open503)
  vi.setSystemTime(Date.now() + 1001)
  const second = run()
  under.pop()?.resolve(null)
  expect(await second).toBe(null)
  expect(guard.isBreakerOpen()).toBe(false)
  const third = run()
  under.pop()?.resolve(null)
  expect(await third).toBe(null)
})

test('a trial that the database refuses is an answer', async () => {
  const { guard, fail } = await open()
  await fail(5)
  vi.setSystemTime(Date.now() + 1001)
  await fail(1, refused)
  expect(guard.isBreakerOpen()).toBe(false)
})

test('one call too many is refused at once, and room comes back', async () => {
  const { guard, run, under } = await open(2)
  const first = run()
  const second = run()
  expect(guard.isFull()).toBe(true)
  expect(await run()).toMatchObject({ code: 'E_DATABASE_BUSY', details: { reason: 'queue_full' } })
  for (const pending of under) pending.resolve(null)
  await Promise.all([first, second])
  expect(guard.isFull()).toBe(false)
})

test('one refused call is logged with its reason, though the others are answered; the next ones are not', async () => {
  const logged: object[] = []
  const { run, fail, under } = await open(10, { ...silentLogger, warn: (fields) => void logged.push(fields) })
  const full = new CoreError('E_DATABASE_UNAVAILABLE', 'No space left on device', { details: { sqlstate: '53100' } })
  for (let index = 0; index < 10; index++) {
    await fail(1, full)
    const answered = run()
    under.pop()?.resolve(null)
    await answered
  }
  expect(logged).toEqual([{ component: 'database', err: full }])
})
