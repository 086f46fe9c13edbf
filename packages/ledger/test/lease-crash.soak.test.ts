import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { killAndReconcile } from './kill-and-reconcile.ts'
import { openLeaseDatabase } from './lease-database.ts'

test('200 killed processes lose nothing and report nothing twice', async () => {
  await using base = await openLeaseDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'core-crash-'))
  try {
    await killAndReconcile(base, folder, 200)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
