import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { simulateHolds } from './simulate-holds.ts'
import { simulateTasks } from './simulate-tasks.ts'

test('the simulation of workers, 500 times', { timeout: 900_000 }, async () => {
  const on = await createTestDatabase({ poolSize: 6 })
  try {
    await on.database.rpc('project_register', { p_name: 'smart_layer' })
    const tasks = await simulateTasks(on, 'smart_layer', 500)
    console.info(`tasks simulated: ${tasks}`)
    expect(tasks).toBeGreaterThan(1_000)
  } finally {
    await on.drop()
  }
})

test('the simulation of locks and claims, 500 times', { timeout: 900_000 }, async () => {
  const on = await createTestDatabase({ poolSize: 6 })
  try {
    await on.database.rpc('project_register', { p_name: 'smart_layer' })
    const taken = await simulateHolds(on, 'smart_layer', 500)
    console.info(`locks and claims taken: ${taken}`)
    expect(taken).toBeGreaterThan(1_000)
  } finally {
    await on.drop()
  }
})
