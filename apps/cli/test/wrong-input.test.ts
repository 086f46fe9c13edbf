import { readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { createRoom } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

/** What is wrong is said before anything is sent: nothing listens at this address. */
const nowhere = { CORE_URL: 'http://127.0.0.1:9', CORE_KEY: 'ck_live_nobody', CORE_PROJECT: 'smart_layer' }
const room = createRoom()
afterAll(() => room[Symbol.dispose]())

const core = (args: readonly string[], env: Record<string, string> = {}) =>
  runInProcess(args, { cwd: room.folder, env: { ...nowhere, ...env } })

test.each([
  [['usage', '--days', 'many'], '--days'],
  [['usage', '--days', '0'], '--days'],
  [['usage', '--days', '999999999'], '--days'],
  [['cache', 'sweep', '--limit', 'all'], '--limit'],
  [['embeddings', 'search', 'a question', '--limit', 'all'], '--limit'],
  [['embeddings', 'search', 'a question', '--mmr', 'half'], '--mmr'],
  [['embeddings', 'search', 'a question', '--min-score', ''], '--min-score'],
  [['embeddings', 'recall', 'docs', '--sample', '-1'], '--sample'],
  [['embeddings', 'migrate', 'docs', '--dimensions', '1e3'], '--dimensions'],
  [['scores', 'policy', '--target-p95', 'fast'], '--target-p95'],
])('%j names the option whose number is none', async (args, option) => {
  expect(await core(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(option) })
})

test.each(['ключ', 'ck_live_a\nb', 'ck_live_a '])('a key such as %j is refused, and not shown', async (key) => {
  const { code, stderr } = await core(['status'], { CORE_KEY: key })
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('the key of CORE_KEY is empty or holds'),
  })
  expect(stderr).not.toContain(key)
})

test.each(['http://127.0.0.1:9/?a=1', 'http://127.0.0.1:9/#a'])('the address %s is refused', async (url) => {
  expect(await core(['--url', url, 'status'])).toMatchObject({ code: 2, stderr: expect.stringContaining('a query') })
})

test.each([
  ['credits', 'charge', 'smart_layer', '1', '--idempotency-key', '注文'],
  ['storage', 'get', 'a\ud800'],
  ['credits', 'balance', 'a\ud800'],
])('%s %s with text that cannot be sent says so', async (...args) => {
  expect(await core(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^core: .*\n {2}fix: .*\n$/) })
})

test('what the system refuses is one line, and no stack', async () => {
  const { code, stderr } = await core(['embeddings', 'ingest', 'a'.repeat(300)])
  expect({ code, stderr }).toEqual({
    code: expect.any(Number),
    stderr: expect.stringMatching(/^core: .*\n( {2}fix: .*\n)?$/),
  })
  expect(code).not.toBe(0)
})

test.each([
  ['embeddings', 'reindex', 'docs'],
  ['embeddings', 'enable'],
  ['migrate', 'plan'],
  ['migrate', 'repair'],
  ['migrate', 'finish-restore'],
])('%s %s finds no database here, and makes none', async (...args) => {
  expect(await core(args)).toMatchObject({ code: 4, stderr: expect.stringContaining('there is no database in') })
  expect(readdirSync(room.folder)).toEqual([])
})
