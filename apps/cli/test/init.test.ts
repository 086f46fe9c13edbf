import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@core/config'
import { renderStartMessage, startControlPlane } from '@core/control-plane'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from './run-in-process.ts'

/** Setting up a server from an empty database: core init, then a second project. */

let folder: string
let own: TestDatabase
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-init-'))
  own = await createTestDatabase({ empty: true })
})
afterAll(async () => {
  await own?.drop()
  await rm(folder, { recursive: true, force: true })
})

const core = (args: readonly string[], env: Record<string, string> = {}) =>
  runInProcess(args, { cwd: folder, env: { CORE_DATABASE_URL: own.url, ...env } })

let owner = ''

test('core init asks which project', async () => {
  expect(await core(['init'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--project') })
})

test('core init migrates, registers the project and prints its keys once', async () => {
  const first = await core(['init', '--project', 'shop', '--credits', '500', '--daily', '50'])
  expect(first).toMatchObject({ code: 0 })
  const { ownerKey, projectKeys } = JSON.parse(first.stdout)
  expect(projectKeys).toEqual([{ project: 'shop', key: expect.stringMatching(/^ck_live_/) }])
  owner = ownerKey
  const second = await core(['init', '--project', 'shop'])
  expect(JSON.parse(second.stdout)).toEqual({ ownerKey: null, projectKeys: [] })
  expect(await own.database.rpc('project_list', {})).toMatchObject({ projects: [{ name: 'shop' }] })
  expect(await own.database.rpc('ledger_balance', { p_account: 'pool' })).toMatchObject({ available: 500_000_000 })
})

test('a start on a server makes nothing; its message says what makes a key, of a project that is there', async () => {
  await using other = await createTestDatabase({ empty: true })
  const config = (url: string) =>
    loadConfig({ env: {}, cwd: folder, overrides: { http: { port: 0 }, database: { url } } })
  await using empty = await startControlPlane({ config: config(other.url), logger: silentLogger })
  expect(renderStartMessage(empty)).toContain('core init --project <name>')
  expect(await other.database.rpc('project_list', {})).toMatchObject({ projects: [] })

  await using plane = await startControlPlane({ config: config(own.url), logger: silentLogger })
  const [, url = ''] = /curl -sS -X POST (\S+)/.exec(renderStartMessage(plane)) ?? []
  const headers = {
    authorization: `Bearer ${owner}`,
    'idempotency-key': 'of the message',
    'content-type': 'application/json',
  }
  expect((await fetch(url, { method: 'POST', headers, body: '{"name":"another"}' })).status).toBe(201)
})

test('core init --example adds the two projects of the guides, once, whatever is there', async () => {
  const made = await core(['init', '--example'])
  expect(made.code, made.stderr).toBe(0)
  const before = JSON.parse(made.stdout)
  expect(before.projectKeys.map(({ project }: { project: string }) => project)).toEqual(['smart_layer', 'manus_origin'])
  expect(JSON.parse((await core(['init', '--example', '--project', 'shop'])).stdout)).toEqual({
    ownerKey: null,
    projectKeys: [],
  })
  const list = await own.database.rpc('project_list', {})
  expect(list).toMatchObject({ projects: [{ name: 'manus_origin' }, { name: 'shop' }, { name: 'smart_layer' }] })
  // The pool of before stays as it is.
  expect(await own.database.rpc('ledger_balance', { p_account: 'pool' })).toMatchObject({ granted: 500_000_000 })
  expect(await own.database.rpc('ledger_balance', { p_account: 'smart_layer' })).toMatchObject({ granted: 500_000_000 })
})

test('core project add registers, opens, budgets and prints a key that spends', async () => {
  const config = loadConfig({ env: {}, cwd: folder, overrides: { http: { port: 0 }, database: { url: own.url } } })
  await using plane = await startControlPlane({ config, logger: silentLogger })
  const env = { CORE_URL: plane.url, CORE_KEY: owner }
  const added = await core(['project', 'add', 'third', '--from', 'pool', '--daily', '50'], env)
  expect(added).toMatchObject({ code: 0 })
  const { key } = JSON.parse(added.stdout)
  const asThird = { CORE_URL: plane.url, CORE_KEY: key }
  expect(await core(['credits', 'reserve', 'third', '2'], asThird)).toMatchObject({ code: 0 })
  expect(await core(['credits', 'reserve', 'third', '49'], asThird)).toMatchObject({ code: 6 })
  // A second run resumes the first.
  expect(await core(['project', 'add', 'third', '--daily', '50'], env)).toMatchObject({ code: 0 })
  expect(await core(['project', 'add', 'pool'], env)).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('name'),
  })
})
