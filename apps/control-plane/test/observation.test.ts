import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { createEmbeddedFolder } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../src/index.ts'

/** On an embedded database and with the metrics port off. */

const ownerKey = 'owner-key-of-the-tests-0123456789'
const settings = loadConfig({
  env: {},
  cwd: import.meta.dirname,
  overrides: { http: { port: 0 }, ownerKey, shutdown: { graceMs: 100 } },
})

let plane: ControlPlane
let folder: Awaited<ReturnType<typeof createEmbeddedFolder>>
beforeAll(async () => {
  folder = await createEmbeddedFolder()
  const database = { driver: 'embedded', dataDir: folder.dataDir, timeoutMs: 10_000 } as const
  plane = await startControlPlane({ config: { ...settings, database }, logger: silentLogger })
})
afterAll(async () => {
  await plane.close()
  await folder[Symbol.asyncDispose]()
})

const owner = () => createClient({ url: plane.url, key: ownerKey })

test('the system says what it is', async () => {
  const info = await owner().getSystemInfo()
  expect(info).toMatchObject({
    version: '0.2.0',
    node: process.version,
    driver: 'embedded',
    serverVersion: expect.stringMatching(/^\d+\.\d+/),
    schema: { version: expect.stringMatching(/^\d{14}$/), pending: [] },
    features: { metrics: false, restRpc: true, sealing: true, rebalancing: false },
  })
  expect(info.schema.applied).toBeGreaterThan(0)
  expect(Date.parse(info.startedAt)).toBeLessThanOrEqual(Date.now())
})

test('routes and functions are timed, without a metrics port', async () => {
  expect(plane.metricsPort).toBeUndefined()
  for (let index = 0; index < 30; index++) await owner().getLedgerStats()
  await owner().getSystemInfo()
  const all = { query: { limit: 100 } } // on a busy machine others take longer than what is asked for here
  const { routes, functions, pool, windowSeconds } = await owner().getBottlenecks(all)
  expect(windowSeconds).toBe(300)
  const stats = routes.find(({ route }) => route === '/v1/system/ledger-stats')
  expect(stats).toMatchObject({ method: 'GET', count: 30, failures: 0 })
  const read = functions.find(({ name }) => name === 'ledger_stats')
  expect(read).toMatchObject({ count: 30, failures: 0 })
  expect(read?.p50Ms).toBeGreaterThan(0)
  expect(stats?.totalMs).toBeGreaterThan(read?.totalMs ?? Number.NaN)
  expect(pool).toMatchObject({ capacity: 1 })
  expect(pool.waits.count).toBeGreaterThan(30)
  expect((await owner().getBottlenecks({ query: { limit: 1 } })).routes).toHaveLength(1)
})

test('what callers make up gets no row of its own', async () => {
  const headers = { authorization: `Bearer ${ownerKey}`, 'content-profile': 'core_api' }
  for (const path of ['/nowhere', '/rest/v1/rpc/made_up', '/v1/projects/none/accounts']) {
    await fetch(`${plane.url}${path}`, { method: path.startsWith('/rest') ? 'POST' : 'GET', headers })
  }
  const { routes, functions } = await owner().getBottlenecks({ query: { limit: 100 } })
  expect(functions.map(({ name }) => name)).not.toContain('made_up')
  expect(routes.map(({ route }) => route)).toEqual(
    expect.arrayContaining(['/rest/v1/rpc/{function}', '/v1/projects/{project}/accounts']),
  )
  expect(routes.map(({ route }) => route).join()).not.toMatch(/none|nowhere/)
})

test('a database with too much to do is named, with what to do', async () => {
  const { data } = await owner().listProjects()
  const project = data[0]?.name ?? ''
  const read = () => owner().getBalance({ params: { project, code: project } })
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 200 }, read))
  const { bottlenecks } = await owner().getBottlenecks()
  const [pool] = bottlenecks.filter(({ kind }) => kind === 'pool')
  expect(pool).toMatchObject({ limitMs: 20, remedy: expect.stringContaining('CORE_DATABASE_URL') })
  expect(bottlenecks.map(({ severity }) => severity)).toEqual(
    bottlenecks.map(({ severity }) => severity).toSorted((left, right) => right - left),
  )
})
