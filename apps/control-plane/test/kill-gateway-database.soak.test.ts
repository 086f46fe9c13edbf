import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { expectDatabaseKills } from './kill-gateway-database.ts'

test('the database is killed with -9 fifty times under model calls: each is charged once, and no hold has to lapse', {
  timeout: 3_600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-killed-'))
  await chmod(folder, 0o711) // a Postgres server that runs as another user must pass through
  try {
    console.info(await expectDatabaseKills(folder, 50))
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
