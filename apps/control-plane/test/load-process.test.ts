import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { findLost, startLoad, startLoaded, workers } from './load-process.ts'
import { expectSigtermRounds } from './sigterm-rounds.ts'

/** The program itself under load, ended as an orchestrator ends it. */

let folder: string
const running = new Set<{ kill(): unknown }>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-load-'))
  await prepareEmbeddedFolder(folder)
})
afterEach(() => {
  for (const one of running) one.kill()
  running.clear()
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

test(
  'SIGTERM under load fails no request, refuses none too early, and a restart knows every write that was accepted',
  {
    timeout: 240_000,
  },
  () => expectSigtermRounds(folder, 2, running),
)

test('kill -9 under load loses connections and no write that was accepted', { timeout: 240_000 }, async () => {
  const { port, child } = await startLoaded(folder)
  running.add({ kill: () => child.kill('SIGKILL') })
  const load = startLoad(port, 'kill')
  await expect.poll(() => load.accepted.size, { timeout: 30_000, interval: 20 }).toBeGreaterThan(300)
  child.kill('SIGKILL')
  await load.over
  expect(load.failed.filter((failure) => Object(failure).status)).toEqual([])
  expect(load.failed.length + load.refusedAt.length).toBe(workers)
  const again = await startLoaded(folder)
  running.add({ kill: () => again.child.kill('SIGKILL') })
  expect(await findLost(again.port, load.accepted)).toEqual([])
})
