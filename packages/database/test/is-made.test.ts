import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isMade, openDatabase } from '../src/index.ts'

test('an embedded database is made by the first opening, not by its folder', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'core-made-'))
  try {
    const config = { driver: 'embedded', dataDir } as const
    expect(isMade(config)).toBe(false)
    await mkdir(join(dataDir, 'data'))
    expect(isMade(config)).toBe(false)
    await (await openDatabase(config)).close()
    expect(isMade(config)).toBe(true)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('memory never is, a server’s is as far as anybody knows', () => {
  expect(isMade({ driver: 'embedded', dataDir: 'memory' })).toBe(false)
  expect(isMade({ driver: 'postgres', url: 'postgres://127.0.0.1:1/none' })).toBe(true)
})
