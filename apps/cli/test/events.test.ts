import { createClient } from '@core/api/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const core = (args: readonly string[], key = running.keys['smart_layer'] ?? '') =>
  runCore(args, { cwd: room.folder, stdin: '', env: { CORE_URL: running.url, CORE_KEY: key } })

test('events are tailed, one JSON object a line, from since', async () => {
  const owner = createClient({ url: running.url, key: running.keys['owner'] ?? '' })
  const params = { project: 'smart_layer' }
  for (const value of [1, 2, 3]) await owner.setFlag({ params: { ...params, name: 'cli.events' }, body: { value } })
  const first = await core(['events', 'tail', 'flag', '--since', '0', '--count', '2'])
  expect(first).toMatchObject({ code: 0, stderr: '' })
  const rows = first.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows).toMatchObject(
    [1, 2].map((value) => ({ topic: 'flag', type: 'set', data: { name: 'cli.events', value } })),
  )
  const rest = await core(['events', 'tail', 'flag', '--since', String(rows[1].seq), '--count', '1'])
  expect(JSON.parse(rest.stdout)).toMatchObject({ data: { value: 3 } })
})

test('what cannot be heard ends with the exit code of its reason', async () => {
  expect(await core(['events', 'tail', 'nothing'])).toMatchObject({ code: 2, stdout: '' })
  expect(await core(['events', 'tail', 'key'])).toMatchObject({ code: 3, stdout: '' })
  expect(await core(['events', 'tail', 'flag'], 'ck_live_junk')).toMatchObject({ code: 3, stdout: '' })
})
