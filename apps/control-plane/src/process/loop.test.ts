import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { startLoop } from './loop.ts'

test('work repeats with a random pause between half and one and a half of the interval', async () => {
  const clock = createFakeClock()
  const randoms = [0, 0.999, 0.5]
  let runs = 0
  await using _ = startLoop({
    name: 'test',
    everyMs: 1000,
    work: async () => void runs++,
    logger: silentLogger,
    clock,
    random: () => randoms.shift() ?? 0.5,
  })
  await clock.advance(499)
  expect(runs).toBe(0)
  await clock.advance(1)
  expect(runs).toBe(1)
  await clock.advance(1498)
  expect(runs).toBe(1)
  await clock.advance(1)
  expect(runs).toBe(2)
})

test('a failure is logged once, work continues, and recovery is logged', async () => {
  const clock = createFakeClock()
  const logged: string[] = []
  const log = (_: object, message?: string) => void logged.push(message ?? '')
  const logger = { ...silentLogger, warn: log, info: log }
  let runs = 0
  const work = async () => {
    if (++runs <= 3) throw new Error('away')
  }
  await using _ = startLoop({ name: 'test', everyMs: 1000, work, logger, clock, random: () => 0.5 })
  await clock.advance(5000)
  expect(runs).toBe(5)
  expect(logged).toEqual(['background work failed', 'background work succeeds again'])
})

test('disposing ends the pause at once, or waits for the work that runs', async () => {
  const clock = createFakeClock()
  const idle = startLoop({ name: 'idle', everyMs: 1e9, work: async () => {}, logger: silentLogger, clock })
  await idle[Symbol.asyncDispose]()
  expect(clock.sleepers()).toBe(0)

  const events: string[] = []
  const work = async (signal: AbortSignal) => {
    events.push('started')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    events.push('ended')
  }
  const busy = startLoop({ name: 'busy', everyMs: 10, work, logger: silentLogger, clock, random: () => 0 })
  await clock.advance(10)
  await busy[Symbol.asyncDispose]()
  expect(events).toEqual(['started', 'ended'])
})

test.each([
  ['cut off because what it uses is being closed', true, new CoreError('E_ABORTED', 'aborted'), []],
  ['refused because what it uses is closed', true, new CoreError('E_CLOSED', 'closed'), []],
  ['aborted at any other time', false, new CoreError('E_ABORTED', 'aborted'), ['background work failed']],
  ['that fails otherwise meanwhile', true, new Error('disk full'), ['background work failed']],
])('work %s is logged as it should be', async (_, isClosing, error, expected) => {
  const clock = createFakeClock()
  const logged: string[] = []
  const logger = { ...silentLogger, warn: (_: object, message?: string) => void logged.push(message ?? '') }
  const work = () => Promise.reject(error)
  await using _loop = startLoop({ name: 'test', everyMs: 1000, work, logger, clock, isClosing: () => isClosing })
  await clock.advance(1500)
  expect(logged).toEqual(expected)
})
