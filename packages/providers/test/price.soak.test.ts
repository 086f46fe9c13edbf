import { createTestDatabase } from '@core/database/testing'
import { test } from 'vitest'
import { expectSameCosts } from './same-costs.ts'

test('20,000 random usages cost the same in SQL and in TypeScript', async () => {
  await using on = await createTestDatabase()
  await expectSameCosts(on, { batches: 20, size: 1_000 })
})
