import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { simulateHolds } from './simulate-holds.ts'
import { simulateTasks } from './simulate-tasks.ts'

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 6 })
  await on.database.rpc('project_register', { p_name: 'smart_layer' })
})
afterAll(() => on.drop())

test('whatever workers do, die of and sleep through: one live holder, each result accepted once, no task lost', {
  timeout: 180_000,
}, async () => {
  expect(await simulateTasks(on, 'smart_layer', 12)).toBeGreaterThan(0)
})

test('whatever processes take, keep and release: no two live holds exclude each other, and what is late is refused', {
  timeout: 180_000,
}, async () => {
  expect(await simulateHolds(on, 'smart_layer', 10)).toBeGreaterThan(0)
})
