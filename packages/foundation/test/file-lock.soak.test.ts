import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { endAll, isolate, passItAround, raceForPid, raceInProcess, raceProcesses } from './file-lock-races.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.lock')
})
afterEach(async () => {
  endAll()
  await rm(folder, { recursive: true, force: true })
})

test('of eight processes that find it dead at once exactly one takes it over, forty times', async ({ skip }) => {
  if (spawnSync(isolate[0] ?? '', [...isolate.slice(1), 'true']).status !== 0)
    skip('unshare --pid is not permitted here')
  await raceProcesses(file, { rounds: 40, racers: 8 })
})

test('of forty in one process that find it dead at once exactly one takes it over, a hundred times', async () => {
  await raceInProcess(file, { rounds: 100, racers: 40 })
})

test('of many that take over from a dead process one succeeds, two hundred times', async () => {
  await raceForPid(file, { rounds: 200, racers: 15 })
})

test('processes that come, go and are killed are never in it two at a time, six hundred times', async () => {
  await passItAround(file, 600)
})
