import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { findLost, readSpent, startLoad, startLoaded, workers } from './load-process.ts'
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

// One story: what is started again after SIGTERM is what kill -9 ends. As fast as it can be, and fifteen times, in
// `load-process.soak.test.ts`.
const pauseMs = 200

test('SIGTERM under load fails no request, refuses none too early; kill -9 loses connections; and neither loses a write that was accepted', {
  timeout: 240_000,
}, async () => {
  const drained = await expectSigtermRounds(folder, { rounds: 1, pauseMs }, running)
  const { port, child } = await startLoaded(folder)
  running.add({ kill: () => child.kill('SIGKILL') })
  expect(await findLost(port, drained?.accepted ?? new Map())).toEqual([])

  const load = startLoad(port, 'kill', pauseMs)
  await expect.poll(() => load.accepted.size, { timeout: 30_000, interval: 20 }).toBeGreaterThan(200)
  child.kill('SIGKILL')
  await load.over
  expect(load.failed.filter((failure) => Object(failure).status)).toEqual([])
  expect(load.failed.length + load.refusedAt.length).toBe(workers)

  const again = await startLoaded(folder)
  running.add({ kill: () => again.child.kill('SIGKILL') })
  expect(await findLost(again.port, load.accepted)).toEqual([])
  // At most the one of each worker that was under way may have been charged without an answer.
  const answered = (drained?.accepted.size ?? 0) + load.accepted.size
  const spent = await readSpent(again.port)
  expect(spent).toBeGreaterThanOrEqual(answered)
  expect(spent).toBeLessThanOrEqual(answered + workers)
})
