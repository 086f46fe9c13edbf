import { createClient } from '@core/api/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
  const owner = createClient({ url: running.url, key: running.keys['owner'] ?? '' })
  const opened = await owner.openSession({
    params: { project: 'smart_layer' },
    body: { fingerprint: 'a'.repeat(64) },
  })
  await owner.beatSession({
    params: { project: 'smart_layer', id: opened.session },
    body: { metrics: { requests: 100, errors: 2 } },
  })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const core = (args: readonly string[], isTTY = false, env: Readonly<Record<string, string>> = {}) => {
  const caller = { CORE_URL: running.url, CORE_KEY: running.keys['owner'], PATH: process.env['PATH'] }
  return runInProcess(args, { cwd: room.folder, isTTY, env: { ...caller, ...env } })
}

test('health is a table by project on a terminal, and JSON elsewhere', async () => {
  const table = await core(['health'], true, { NO_COLOR: '1' })
  expect(table).toMatchObject({ code: 0, stderr: '' })
  const lines = table.stdout.split('\n')
  expect(lines[0]?.split(/ {2,}/)).toEqual([
    'PROJECT',
    'STATUS',
    'SCORE',
    'WORST FACTOR',
    'CREDITS LEFT',
    'BACKLOG',
    'LAST BEAT',
  ])
  expect(table.stdout).toMatch(/smart_layer +online +\d+ +errors +\d/)
  expect(table.stdout).not.toContain('\u001b[')
  const { data, system } = JSON.parse((await core(['health'])).stdout)
  expect(data.find(({ project }: { project: string }) => project === 'smart_layer')).toMatchObject({ worst: 'errors' })
  expect(system).toHaveProperty('score')
})

test('a terminal gets colours, unless NO_COLOR is set', async () => {
  for (const verb of ['health', 'manifest']) {
    expect((await core([verb], true, { NO_COLOR: '' })).stdout).toContain('\u001b[32monline')
    expect((await core([verb], true, { NO_COLOR: '1' })).stdout).not.toContain('\u001b[')
  }
})

test('weights and targets are declared, shown, and returned to the defaults', async () => {
  const project = ['--project', 'smart_layer']
  const declared = await core([...project, 'scores', 'policy', '--weights', 'errors=40', '--low-credits', '2.5'])
  expect(JSON.parse(declared.stdout)).toMatchObject({ weights: { errors: 40, freshness: 30 }, lowCredits: 2_500_000 })
  expect(JSON.parse((await core([...project, 'scores', 'policy'])).stdout)).toMatchObject({ lowCredits: 2_500_000 })
  const back = await core([...project, 'scores', 'policy', '--default'])
  expect(JSON.parse(back.stdout)).toMatchObject({ weights: { errors: 25 }, lowCredits: null })
  const wrong = await core([...project, 'scores', 'policy', '--weights', 'speed=1'])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
})

test('work is placed, and the history has what was sampled', async () => {
  const { places } = JSON.parse((await core(['place'])).stdout)
  expect(places[0]).toMatchObject({ project: 'smart_layer', reasons: expect.any(Array) })
  const history = await core(['--project', 'smart_layer', 'scores', 'history', '--period', 'hour'])
  expect(JSON.parse(history.stdout)).toHaveProperty('data')
})
