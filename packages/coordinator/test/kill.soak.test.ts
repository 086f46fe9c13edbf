import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { killWorkers } from './kill-workers.ts'

test('200 SIGKILLs and SIGSTOPs over 10,000 tasks: none lost, none accepted twice', { timeout: 900_000 }, async () => {
  const on = await createTestDatabase({ poolSize: 2 })
  try {
    await on.database.rpc('project_register', { p_name: 'smart_layer' })
    const options = { tasks: 10_000, workers: 4, signals: 200, everyMs: 1_000, taskMs: 1_000, limitMs: 800_000 }
    const { again, ...report } = await killWorkers(on, options)
    console.info(`claimed more than once: ${again}`)
    expect(report).toEqual({ kills: 100, stops: 100, done: 10_000, accepted: 10_000, open: 0 })
  } finally {
    await on.drop()
  }
})
