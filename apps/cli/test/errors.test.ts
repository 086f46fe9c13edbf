import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
  await record([
    { ...group('a', 'smart_layer', '09:30'), code: 'E_INTERNAL', message: 'two\nlines' },
    group('b', 'manus_origin', '09:20'),
    { ...group('c', null, '09:10'), kind: 'loop', place: 'sealing' },
  ])
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const group = (digit: string, project: string | null, time: string) => ({
  fingerprint: digit.repeat(16),
  project,
  kind: 'request',
  name: 'TypeError',
  code: null,
  place: 'GET /v1/me',
  frames: [],
  message: 'x is not a function',
  count: 3,
  first_seen: `2026-11-20T${time}:00Z`,
  last_seen: `2026-11-20T${time}:00Z`,
})

/** As the control plane does when something failed. */
async function record(groups: readonly object[]): Promise<void> {
  const response = await fetch(`${running.url}/rest/v1/rpc/error_record`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${running.keys['owner']}`,
      'content-type': 'application/json',
      'content-profile': 'core_api',
    },
    body: JSON.stringify({ p_groups: groups }),
  })
  expect(response.status, await response.text()).toBe(200)
}

function core(args: readonly string[], { as = 'owner', isTTY = false } = {}) {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys[as] }
  return runInProcess(args, { cwd: room.folder, env, isTTY })
}

const projectsOf = async (...args: string[]) => {
  const { data } = JSON.parse((await core(['errors', 'list', ...args])).stdout)
  return data.map(({ project }: { project: string | null }) => project)
}

test('the owner sees all faults, the last one first, or those of one project', async () => {
  expect(await projectsOf()).toEqual(['smart_layer', 'manus_origin', null])
  expect(await projectsOf('--project', 'manus_origin')).toEqual(['manus_origin'])
})

test('a table has one line for each, and says how to continue', async () => {
  const { code, stdout, stderr } = await core(['errors', 'list', '--limit', '1'], { isTTY: true })
  const [titles, row, ...rest] = stdout.trimEnd().split('\n')
  expect(titles).toMatch(/^ID +LAST SEEN +COUNT +STATUS +PROJECT +PLACE +ERROR +MESSAGE$/)
  expect(row).toMatch(/ 3 +open +smart_layer +GET \/v1\/me +E_INTERNAL +two lines$/)
  expect({ code, rest }).toEqual({ code: 0, rest: [] })
  const cursor = /more rows: --cursor (\S+)/.exec(stderr)?.[1] ?? ''
  expect(await projectsOf('--cursor', cursor)).toEqual(['manus_origin', null])
})

test('a fault is marked, of a project or of the background, and found by its status', async () => {
  const all = JSON.parse((await core(['errors', 'list'])).stdout).data
  const [, ofProject, ofLoop] = all.map(({ id }: { id: string }) => id)
  const resolved = await core(['errors', 'mark', ofProject, 'resolved', '--project', 'manus_origin'])
  expect(JSON.parse(resolved.stdout)).toMatchObject({ status: 'resolved', resolvedBy: expect.any(String) })
  const ignored = await core(['errors', 'mark', ofLoop, 'ignored'], { isTTY: true })
  expect(ignored).toMatchObject({ code: 0, stdout: 'TypeError at sealing is ignored\n' })
  expect(await projectsOf('--status', 'open')).toEqual(['smart_layer'])
  expect(await projectsOf('--status', 'ignored')).toEqual([null])
  expect(
    (await core(['errors', 'list', '--status', 'resolved', '--project', 'smart_layer'], { isTTY: true })).stdout,
  ).toBe('no faults\n')
  expect((await core(['errors', 'mark', ofLoop, 'open', '--project', 'smart_layer'])).code, 'of another').toBe(4)
})

test('what cannot be is refused with what can', async () => {
  const id = '019ab2c4-0000-7000-8000-000000000000'
  const known = /Allowed choices are open, resolved, ignored/
  expect(await core(['errors', 'mark', id, 'done'])).toMatchObject({ code: 2, stderr: expect.stringMatching(known) })
  expect(await core(['errors', 'list', '--status', 'x'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(known),
  })
  expect(await core(['errors', 'mark', 'third', 'open'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('id'),
  })
  expect((await core(['errors', 'mark', id, 'open'])).code).toBe(4)
  expect((await core(['errors', 'list'], { as: 'smart_layer' })).code, 'a key without error:read').toBe(3)
})

test.each([['calls', 'list'], ['usage'], ['flags', 'list']])(
  'the owner, who has no project, learns how to name one: %s',
  async (...args) => {
    expect(await core(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^ {2}fix: .*--project/m) })
  },
)
