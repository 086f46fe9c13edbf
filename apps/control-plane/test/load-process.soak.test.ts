import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { expect, test } from 'vitest'
import { expectSigtermRounds } from './sigterm-rounds.ts'

test('fifteen SIGTERMs under load: nothing accepted stays without an answer', { timeout: 1_800_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-load-'))
  const running = new Set<{ kill(): unknown }>()
  try {
    await prepareEmbeddedFolder(folder)
    await expectSigtermRounds(folder, { rounds: 15, pauseMs: 0 }, running)
    expect(running.size).toBe(0)
  } finally {
    for (const one of running) one.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
