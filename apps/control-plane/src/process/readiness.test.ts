import type { DatabaseHealth } from '@core/database'
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
  return { clock, state, readiness: createReadiness({ database, clock }) }
}

test('many questions in a row cost the database one', async () => {
  const { clock, state, readiness } = setUp()
  await Promise.all(Array.from({ length: 50 }, () => readiness.check()))
  expect(state.asked).toBe(1)
  await clock.advance(501)
  state.health = { status: 'down', latencyMs: 2000, message: 'password authentication failed for user postgres' }
  expect(await readiness.check()).toEqual({ status: 'down', reason: 'the database does not answer' })
})

test('a server that shuts down is not ready, whatever its database says', async () => {
  const { state, readiness } = setUp()
  readiness.stop()
  expect(await readiness.check()).toMatchObject({ status: 'down' })
  expect(state.asked).toBe(0)
})
