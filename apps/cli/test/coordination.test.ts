import { Readable } from 'node:stream'
import { createClient } from '@core/api/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../src/run.ts'
import { startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

/** The verbs with which an operator looks at what the siblings do together. */

const clearScreen = '\u001b[2J'
const room = createRoom()
let running: RunningCore
let session: string
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
  const owner = createClient({ url: running.url, key: running.keys['owner'] ?? '' })
  const params = { project: 'smart_layer' }
  const opened = await owner.openSession({ params, body: { fingerprint: 'b'.repeat(64), name: 'indexer' } })
  session = opened.session
  await owner.takeClaim({ params, body: { session, resource: 'repo/docs/**' } })
  await owner.acquireLock({ params, body: { name: 'nightly', holder: 'laptop:4711' } })
  await owner.enqueueTask({ params, body: { queue: 'index', kind: 'doc.index' } })
  await owner.sendMessage({ params, body: { to: 'manus_origin', type: 'greeting', payload: 1 } })
  await owner.shareInsight({ params, body: { category: 'latency', title: 'batch it' } })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const environment = (env: Readonly<Record<string, string>>) => ({
  CORE_URL: running.url,
  CORE_KEY: running.keys['owner'],
  PATH: process.env['PATH'],
  ...env,
})
const core = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runInProcess(['--project', 'smart_layer', ...args], { cwd: room.folder, isTTY: true, env: environment(env) })

test.each([
  [['manifest'], 'smart_layer'],
  [['health'], 'smart_layer'],
  [['messages', 'list', '--box', 'sent'], 'greeting'],
  [['messages', 'inbox'], 'ready'],
  [['insights', 'list'], 'batch it'],
  [['tasks', 'list'], 'doc.index'],
  [['tasks', 'stats'], ''], // counted every 15 seconds
  [['claims', 'list'], 'repo/docs'],
  [['locks', 'list'], 'nightly'],
  [['sessions', 'list'], 'indexer'],
])(
  'core %j is a table on a terminal, without colours where NO_COLOR is set, and JSON where it is asked for',
  async (args, shown) => {
    const table = await core(args, { NO_COLOR: '1' })
    expect(table).toMatchObject({ code: 0, stderr: '' })
    expect(table.stdout).toContain(shown)
    expect(table.stdout).not.toContain('\u001b[')
    expect(() => JSON.parse(table.stdout)).toThrow()
    const json = await core([...args, '--json'])
    expect(json.code).toBe(0)
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain(shown)
  },
)

test.each(['manifest', 'health'])('core %s --watch shows it again until it is interrupted', async (verb) => {
  const ending = new AbortController()
  let written = ''
  const paints = () => written.split(clearScreen).filter((paint) => paint.includes('smart_layer')).length
  const stream = {
    isTTY: true,
    write(chunk: string, done?: () => void) {
      written += chunk
      if (paints() > 1) ending.abort()
      done?.()
    },
  }
  const code = await run(['--project', 'smart_layer', verb, '--watch'], {
    stdin: Object.assign(Readable.from(['']), { isTTY: true }),
    stdout: stream,
    stderr: stream,
    env: { HOME: room.folder, ...environment({ NO_COLOR: '1' }) },
    cwd: room.folder,
    signal: ending.signal,
  })
  expect(code).toBe(0)
  expect(paints()).toBe(2)
})

test('an operator releases a claim and a lock, and closes a session', async () => {
  const owner = createClient({ url: running.url, key: running.keys['owner'] ?? '' })
  const params = { project: 'smart_layer' }
  const [claim] = (await owner.listClaims({ params })).data
  const [lock] = (await owner.listLocks({ params })).data
  const released = await core(['claims', 'release', 'repo/docs', String(claim?.fence), '--json'])
  expect(released).toMatchObject({ code: 0 })
  expect(await core(['locks', 'release', 'nightly', String(lock?.fence), '--json'])).toMatchObject({
    code: 0,
  })
  expect(await core(['sessions', 'close', session, '--json'])).toMatchObject({ code: 0 })
  expect((await owner.listClaims({ params })).data).toEqual([])
  expect((await owner.listLocks({ params })).data).toEqual([])
  expect((await owner.listSessions({ params })).data).toEqual([])
})
