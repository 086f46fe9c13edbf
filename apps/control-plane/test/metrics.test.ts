import { readFileSync } from 'node:fs'
import process from 'node:process'
import { loadConfig } from '@core/config'
import { createEmbeddedFolder } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../src/index.ts'
import { type Family, parseExposition } from './exposition.ts'

const ownerKey = 'owner-key-of-the-tests-0123456789'
const settings = loadConfig({
  env: {},
  cwd: import.meta.dirname,
  overrides: { http: { port: 0 }, ownerKey, shutdown: { graceMs: 100 }, metrics: { port: 0 } },
})

const embedded = (dataDir: string) => ({ driver: 'embedded', dataDir, timeoutMs: 10_000 }) as const

let plane: ControlPlane
let folder: Awaited<ReturnType<typeof createEmbeddedFolder>>
beforeAll(async () => {
  folder = await createEmbeddedFolder()
  plane = await startControlPlane({ config: { ...settings, database: embedded(folder.dataDir) }, logger: silentLogger })
})
afterAll(async () => {
  await plane.close()
  await folder[Symbol.asyncDispose]()
})

const at = (path: string) => `http://127.0.0.1:${plane.metricsPort}${path}`

async function scrape(): Promise<ReadonlyMap<string, Family>> {
  const reply = await fetch(at('/metrics'))
  expect(reply.status).toBe(200)
  expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parseExposition(await reply.text())
}

/** The one sample of a metric whose name and labels fit. */
function readValue(families: ReadonlyMap<string, Family>, name: string, labels: Record<string, string> = {}): number {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  const found = family?.samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  if (found?.length !== 1) throw new Error(`${found?.length ?? 'no'} samples of ${name} ${JSON.stringify(labels)}`)
  return found[0]?.value ?? Number.NaN
}

const get = (path: string, init: RequestInit = {}) =>
  fetch(plane.url + path, { ...init, headers: { authorization: `Bearer ${ownerKey}`, ...init.headers } })

test('requests are counted and timed by the pattern of their route', async () => {
  for (const project of ['smart_layer', 'manus_origin']) await get(`/v1/projects/${project}/accounts`)
  await get('/v1/projects/nobody_here/accounts/none/balance')
  const route = '/v1/projects/{project}/accounts'
  const families = await scrape()
  expect(readValue(families, 'core_http_requests_total', { method: 'GET', route, status: '200' })).toBe(2)
  expect(readValue(families, 'core_http_request_duration_seconds_count', { method: 'GET', route })).toBe(2)
  expect(readValue(families, 'core_http_request_duration_seconds_bucket', { route, le: '+Inf' })).toBe(2)
  expect(readValue(families, 'core_http_request_duration_seconds_sum', { route })).toBeGreaterThan(0)
  const balance = { route: '/v1/projects/{project}/accounts/{code}/balance' }
  expect(readValue(families, 'core_http_requests_total', { ...balance, status: '404' })).toBe(1)
  expect(families.get('core_http_request_errors_total')?.samples).toEqual([])
})

test('what callers send makes no new series', async () => {
  const counted = async () => (await scrape()).get('core_http_requests_total')?.samples.length
  await get('/nowhere/0')
  await get('/rest/v1/nowhere')
  const before = await counted()
  const paths = ['/nowhere/1', '/nowhere/2?x=y', '/rest/v1/other', '/rest/v2/"quoted"\\', '/v9/projects/x']
  for (const path of paths) for (const method of ['GET', 'POST', 'DELETE']) await get(path, { method })
  expect(await counted()).toBe(before)
  const families = await scrape()
  const unmatched = { method: 'any', route: 'unmatched', status: '404' }
  expect(readValue(families, 'core_http_requests_total', unmatched)).toBe(17)
})

test('supabase-js’s calls are one route, whatever the function', async () => {
  for (const name of ['project_list', 'nothing', 'more_nothing'])
    await get(`/rest/v1/rpc/${name}`, { method: 'POST', headers: { 'content-profile': 'core_api' } })
  const families = await scrape()
  const route = '/rest/v1/rpc/{function}'
  expect(readValue(families, 'core_http_requests_total', { route, status: '200' })).toBe(1)
  expect(readValue(families, 'core_http_requests_total', { route, status: '404' })).toBe(2)
})

test('an event stream is counted and not timed', async () => {
  const stopped = new AbortController()
  const reply = await get('/v1/projects/smart_layer/events?topics=ledger.alert', { signal: stopped.signal })
  expect(reply.status).toBe(200)
  expect(readValue(await scrape(), 'core_realtime_connections')).toBe(1)
  stopped.abort()
  await reply.text().catch(() => undefined)
  const route = '/v1/projects/{project}/events'
  await expect.poll(async () => readValue(await scrape(), 'core_realtime_connections')).toBe(0)
  const timed = (await scrape()).get('core_http_request_duration_seconds')?.samples
  expect(timed?.filter(({ labels }) => labels['route'] === route)).toEqual([])
})

test('what never becomes an answer of a route is not counted: sockets, and addresses that cannot be read', async () => {
  const count = async () => {
    const samples = (await scrape()).get('core_http_requests_total')?.samples ?? []
    return samples.reduce((sum, { value }) => sum + value, 0)
  }
  const before = await count()
  const socket = new WebSocket(`${plane.url.replace('http', 'ws')}/v1/realtime`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  expect(readValue(await scrape(), 'core_realtime_connections')).toBe(1)
  socket.close()
  await expect.poll(async () => readValue(await scrape(), 'core_realtime_connections')).toBe(0)
  expect((await get('/v1/%zz')).status).toBe(400)
  expect(await count()).toBe(before)
})

test('the ledger, the loops, the event loop and the process are in it', async () => {
  const reserve = await get('/v1/projects/smart_layer/holds', {
    method: 'POST',
    body: JSON.stringify({ account: 'smart_layer', amount: 2_500_000 }),
    headers: { 'content-type': 'application/json', 'idempotency-key': uuidv7() },
  })
  expect(reserve.status).toBe(201)
  // A reading serves five seconds.
  await expect
    .poll(async () => readValue(await scrape(), 'core_ledger_holds_open'), { timeout: 30_000, interval: 500 })
    .toBe(1)
  const families = await scrape()
  expect(readValue(families, 'core_ledger_stats_up')).toBe(1)
  expect(readValue(families, 'core_ledger_held_microcredits')).toBe(2_500_000)
  expect(readValue(families, 'core_ledger_balance_microcredits')).toBe(1_000_000_000)
  expect(readValue(families, 'core_database_breaker_open')).toBe(0)
  expect(readValue(families, 'core_info', { driver: 'embedded' })).toBe(1)
  expect(readValue(families, 'core_event_loop_delay_seconds')).toBeGreaterThanOrEqual(0)
  expect(readValue(families, 'process_start_time_seconds')).toBeGreaterThan(1e9)
  const loops = families.get('core_loop_runs_total')?.samples.map(({ labels }) => labels['loop'])
  expect(loops?.sort()).toEqual([
    'cache sweep',
    'confirm keys',
    'drain embeddings',
    'errors',
    'expiry',
    'follow model routes',
    'follow the manifest',
    'follow the outbox',
    'index embeddings',
    'key_uses',
    'publish balances',
    'recover model calls',
    'sample health',
    'seal',
    'send alerts',
    'sweep claims',
    'sweep embeddings',
    'sweep files',
    'sweep insights',
    'sweep locks',
    'sweep logins',
    'sweep messages',
    'sweep model calls',
    'sweep sessions',
    'sweep tasks',
    'trim the outbox',
    'webhooks',
    'write model calls',
  ])
  // A figure that cannot be read is NaN, and so is the health of projects that were never seen.
  const unread = [...families].filter(
    ([name, { samples }]) => name.startsWith('core_') && samples.some(({ value }) => Number.isNaN(value)),
  )
  expect(unread.map(([name]) => name).sort()).toEqual(['core_health_lowest_score', 'core_health_score'])
  // Each runs within five seconds of the start, and none fails.
  const idle = async () => loopsWhere(await scrape(), 'core_loop_last_success_timestamp_seconds', (at) => at === 0)
  const failing = async () => loopsWhere(await scrape(), 'core_loop_failures_total', (count) => count > 0)
  await expect.poll(async () => [...(await idle()), ...(await failing())], { timeout: 30_000 }).toEqual([])
})

/** Names of the loops for which a figure is so. */
function loopsWhere(families: Awaited<ReturnType<typeof scrape>>, name: string, isSo: (value: number) => boolean) {
  return families.get(name)?.samples.flatMap(({ labels, value }) => (isSo(value) ? [labels['loop']] : [])) ?? [name]
}

test('the public port has no metrics, and the other port nothing else', async () => {
  expect((await get('/metrics')).status).toBe(404)
  expect((await fetch(at('/'))).status).toBe(404)
  expect((await fetch(at('/v1/me'), { headers: { authorization: `Bearer ${ownerKey}` } })).status).toBe(404)
  expect((await fetch(at('/metrics'), { method: 'POST' })).status).toBe(405)
})

test('a port that is taken is reported with the variable that sets it', async () => {
  const metrics = { host: '127.0.0.1', port: plane.metricsPort }
  await using other = await createEmbeddedFolder()
  const config = { ...settings, database: embedded(other.dataDir), metrics }
  await expect(startControlPlane({ config, logger: silentLogger })).rejects.toMatchObject({
    code: 'E_CONFIG_INVALID',
    details: { variable: 'CORE_METRICS_PORT' },
  })
})

test('docs/operations/metrics.md lists every metric as it is, and no other', async () => {
  const page = readFileSync(new URL('../../../docs/operations/metrics.md', import.meta.url), 'utf8')
  const written = page.split('\n').filter((line) => line.startsWith('| `'))
  const served = [...(await scrape()).values()].map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`)
  const squeezed = written.map((line) => line.replaceAll(/ +/g, ' '))
  expect(served.filter((line) => !squeezed.includes(line))).toEqual([])
  // What a process can measure of itself depends on the platform; the page has all that Linux offers.
  const gone = squeezed.filter((line) => !served.includes(line))
  expect(process.platform === 'linux' ? gone : gone.filter((line) => line.startsWith('| `core_'))).toEqual([])
})
