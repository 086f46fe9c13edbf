import { createTestDatabase, openEmbeddedDatabase } from '@core/database/testing'
import { afterAll, beforeAll } from 'vitest'
import { postgresStore } from '../src/stores/postgres.ts'
import { describeStore } from '../src/testing/store-contract.ts'

for (const engine of ['server', 'embedded'] as const) {
  let database: Awaited<ReturnType<typeof openEmbeddedDatabase>>
  let close: () => Promise<void>

  beforeAll(async () => {
    if (engine === 'server') {
      const test = await createTestDatabase()
      database = test.database
      close = () => test.drop()
    } else {
      database = await openEmbeddedDatabase()
      close = () => database.close()
    }
  })
  afterAll(() => close())

  describeStore(`postgres store, ${engine}`, async () => ({
    open: () => postgresStore({ database, project: 'smart_layer' }),
    async [Symbol.asyncDispose]() {},
  }))
}
