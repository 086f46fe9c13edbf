import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@core/database/testing'
import { test } from 'vitest'
import { expectKilledRounds } from './kill-gateway.ts'

test('killed with -9 two times in mid-stream: every call that was reserved is settled once', {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-killed-'))
  const database = await createTestDatabase()
  try {
    await expectKilledRounds(folder, database, 2)
  } finally {
    await database.drop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
