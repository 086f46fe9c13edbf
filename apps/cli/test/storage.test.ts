import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running.stop()
  room[Symbol.dispose]()
})

const core = (args: readonly string[], isTTY = false) =>
  runInProcess(['--url', running.url, '--project', 'smart_layer', ...args], {
    cwd: room.folder,
    env: { CORE_KEY: running.keys['owner'] },
    isTTY,
  })

test('a file is uploaded, listed, downloaded, and deleted', async () => {
  const bytes = Buffer.alloc(3_000_000, 'recording ')
  writeFileSync(join(room.folder, 'call.wav'), bytes)
  const put = await core(['storage', 'put', 'call.wav', 'audio/call 1.wav', '--type', 'audio/wav'])
  expect(put).toMatchObject({ code: 0, stderr: '' }) // no progress where it would be in a log
  expect(JSON.parse(put.stdout)).toMatchObject({ name: 'audio/call 1.wav', size: 3_000_000, contentType: 'audio/wav' })
  const seen = await core(['storage', 'put', 'call.wav'], true)
  expect(seen.stderr).toContain('3000000 of 3000000 (100 %) bytes sent')
  const list = await core(['storage', 'list', 'audio/'], true)
  expect([list.stdout, list.stderr]).toEqual([
    expect.stringContaining('audio/call 1.wav'),
    expect.stringContaining('6000000 of 10737418240 bytes'),
  ])
  mkdirSync(join(room.folder, 'down'))
  writeFileSync(join(room.folder, 'down/here.wav.part'), 'mine')
  expect((await core(['storage', 'get', 'audio/call 1.wav', 'down/here.wav'])).code).toBe(0)
  expect(readFileSync(join(room.folder, 'down/here.wav')).equals(bytes)).toBe(true)
  expect(readdirSync(join(room.folder, 'down')).toSorted()).toEqual(['here.wav', 'here.wav.part'])
  expect(readFileSync(join(room.folder, 'down/here.wav.part'), 'utf8')).toBe('mine')
  const again = await core(['storage', 'get', 'audio/call 1.wav', 'down/here.wav'])
  expect([again.code, again.stderr]).toEqual([5, expect.stringContaining('--force')])
  expect((await core(['storage', 'rm', 'audio/call 1.wav', '--yes'])).code).toBe(0)
  const gone = await core(['storage', 'get', 'audio/call 1.wav', 'down/gone.wav'])
  expect([gone.code, gone.stderr]).toEqual([4, expect.stringContaining('there is no such file')])
  const none = await core(['storage', 'put', 'none.wav'])
  expect([none.code, none.stderr]).toEqual([expect.any(Number), expect.stringContaining('there is no file')])
})

test('the owner moves files, of which there are none elsewhere', async () => {
  const moved = await core(['storage', 'copy'])
  expect(JSON.parse(moved.stdout)).toEqual({ moved: 0, bytes: 0, missing: 0 })
})
