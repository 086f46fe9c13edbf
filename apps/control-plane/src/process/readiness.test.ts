import type { DatabaseHealth } from '@core/database'
import { silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createReadiness } from './readiness.ts'

function setUp() {
  const clock = createFakeClock()
  const state = { asked: 0, health: { status: 'up', latencyMs: 1 } as DatabaseHealth }
  const database = {
    health: async () => {
      state.asked++
      return state.health
    },
  }
  return { clock, state, database, readiness: createReadiness({ database, clock }) }
}

test('many questions in a row cost the database one', async () => {
  const { clock, state, readiness } = setUp()
  await Promise.all(Array.from({ length: 50 }, () => readiness.check()))
  expect(state.asked).toBe(1)
  await clock.advance(501)
  state.health = { status: 'down', latencyMs: 2000, message: 'password authentication failed for user postgres' }
  expect(await readiness.check()).toEqual({ status: 'down', reason: 'the database does not answer' })
})

test('the log has the reason once, and the end of it', async () => {
  const { clock, state, database } = setUp()
  const lines: string[] = []
  const log = (_: unknown, message = '') => void lines.push(message)
  const readiness = createReadiness({ database, clock, logger: { ...silentLogger, error: log, info: log } })
  const down: DatabaseHealth = { status: 'down', latencyMs: 1, message: 'the data folder was removed' }
  const up: DatabaseHealth = { status: 'up', latencyMs: 1 }
  for (const health of [up, down, down, up, up]) {
    state.health = health
    await readiness.check()
    await clock.advance(501)
  }
  expect(lines).toEqual(['not ready: the data folder was removed', 'ready again'])
})

test('a server that shuts down is not ready, whatever its database says', async () => {
  const { state, readiness } = setUp()
  readiness.stop()
  expect(await readiness.check()).toMatchObject({ status: 'down' })
  expect(state.asked).toBe(0)
})
