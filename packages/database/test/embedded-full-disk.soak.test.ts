import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'

test('a cluster that does not fit on its disk is a full disk, and none is left', async ({ skip }) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'core-full-disk-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dataDir]).status === 0
  try {
    if (!isMounted) return skip('this user may not mount')
    for (const _ of ['made', 'made again']) {
      await expect(openDatabase({ driver: 'embedded', dataDir })).rejects.toMatchObject({
        code: 'E_DATABASE_UNAVAILABLE',
        message: `the data folder ${dataDir} cannot be used: its disk is full`,
        retryable: false,
      })
    }
  } finally {
    if (isMounted) spawnSync('umount', ['-l', dataDir])
    rmSync(dataDir, { recursive: true, force: true })
  }
})
