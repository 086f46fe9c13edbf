import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { expectKilledDatabase } from './kill-database.ts'

test('the database is killed with -9 two times while calls run: what the provider answered is charged once', {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-killed-'))
  try {
    await expectKilledDatabase(folder, 2)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
