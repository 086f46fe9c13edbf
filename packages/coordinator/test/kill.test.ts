import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killWorkers } from './kill-workers.ts'

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 2 })
  await on.database.rpc('project_register', { p_name: 'smart_layer' })
})
afterAll(() => on.drop())

test('workers that are killed and frozen lose no task, and no result is accepted twice', {
  timeout: 180_000,
}, async () => {
  const options = { tasks: 300, workers: 2, signals: 4, everyMs: 700, taskMs: 400, limitMs: 150_000 }
  const { again, ...report } = await killWorkers(on, options)
  expect(report).toEqual({ kills: 2, stops: 2, done: 300, accepted: 300, open: 0 })
  expect(again).toBeGreaterThan(0)
})
