import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RouteContract, routes } from '@core/api'
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
  await running?.stop()
  room[Symbol.dispose]()
})

function core(args: readonly string[], { stdin = '', isTTY = false, key = 'smart_layer' } = {}) {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys[key] ?? '' }
  return runInProcess(['call', ...args], { cwd: room.folder, env, stdin, isTTY })
}
const answerOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout)

test('alone it lists every operation that is no stream, with what it takes', async () => {
  const listed = answerOf(await core([]))
  const all: readonly RouteContract[] = routes
  const expected = all
    .map(({ operation }) => operation)
    .filter((name) => !/^(connectRealtime|streamEvents)$/.test(name))
  expect(listed.map(({ operation }: { operation: string }) => operation)).toEqual(expected)
  expect(listed).toContainEqual({
    operation: 'getHold',
    method: 'GET',
    path: '/v1/projects/{project}/holds/{id}',
    scope: 'ledger:read',
    fields: ['project', 'id'],
    summary: expect.any(String),
  })
  expect((await core([], { isTTY: true })).stdout).toMatch(/^OPERATION +SCOPE +FIELDS/)
})

test('an operation is called with fields, of a file as well, and is safe to repeat', async () => {
  const reserve = ['reserveHold', 'account=smart_layer', 'amount=2000000', '--idempotency-key', 'call-1']
  const held = answerOf(await core(reserve))
  expect(held).toMatchObject({ granted: 2_000_000, replayed: false })
  expect(answerOf(await core(reserve))).toMatchObject({ hold: held.hold, replayed: true })
  expect(answerOf(await core(['getHold', `id=${held.hold}`]))).toMatchObject({ hold: held.hold, status: 'open' })

  writeFileSync(join(room.folder, 'settle.json'), JSON.stringify({ id: held.hold, amount: 1 }))
  expect(answerOf(await core(['settleHold', 'amount=500000', '--input', 'settle.json']))).toMatchObject({
    charged: 500_000,
  })
  expect(answerOf(await core(['getMe', '--input', '-'], { stdin: '{}' }))).toMatchObject({ project: 'smart_layer' })
})

test('an edit passes in the state that was read only', async () => {
  const ofOwner = (operation: string, ...more: string[]) =>
    core([operation, 'project=smart_layer', 'code=smart_layer', ...more], { key: 'owner' })
  const { etag } = answerOf(await ofOwner('getAccount'))
  const edit = (note: string) => ofOwner('updateAccount', `metadata={"note":"${note}"}`, '--if-match', etag)
  expect((await edit('one')).code).toBe(0)
  expect(await edit('two')).toMatchObject({ code: 5, stderr: expect.stringContaining('fix: ') })
})

test('the project is the one of --project, unless a field names it', async () => {
  const shown = async (...args: string[]) => answerOf(await core(['getProject', ...args], { key: 'owner' })).name
  expect(await shown('--project', 'manus_origin')).toBe('manus_origin')
  expect(await shown('--project', 'manus_origin', 'project=smart_layer')).toBe('smart_layer')
})

test('what removes something asks first', async () => {
  const { id } = answerOf(await core(['createApiKey', 'name=short', 'project=smart_layer'], { key: 'owner' }))
  const revoke = ['revokeApiKey', `id=${id}`, 'project=smart_layer']
  expect(await core(revoke, { key: 'owner' })).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --yes.') })
  expect((await core([...revoke, '--yes'], { key: 'owner' })).code).toBe(0)
})

test.each([
  [['getHlod'], 'Did you mean getHold?'],
  [['nothing_like_it'], 'core call lists them.'],
  [['getHold'], 'path.id: missing'],
  [['getHold', 'id=5'], 'path.id: '],
  [['chargeCredits', 'account=smart_layer', 'amount=0.5'], 'body.amount: '],
  [['chargeCredits', 'acount=smart_layer'], 'Did you mean account?'],
  [['getMe', '--input', 'nowhere.json'], 'nowhere.json cannot be read'],
])('%j is misuse, and says what to do', async (args, text) => {
  const { code, stdout, stderr } = await core(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(text)
})
