import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@core/config'
import { openDatabase } from '@core/database'
import { type PostgresServer, startPostgresServer } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startControlPlane } from '../src/process/compose.ts'
import type { ControlPlane } from '../src/process/control-plane.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

/** A control plane whose database server goes away and comes back. */

let server: PostgresServer
let plane: ControlPlane
const ownerKey = 'owner-key-of-the-outage-tests'
const logged: string[] = []

beforeAll(async () => {
  server = await startPostgresServer({ folder: await mkdtemp(join(tmpdir(), 'core-outage-')), migrated: true })
  const config = loadConfig({
    env: {},
    overrides: { http: { port: 0 }, database: { url: server.url(), poolSize: 4 }, ownerKey },
  })
  const write = (_fields: object, message?: string) => void logged.push(String(message))
  plane = await startControlPlane({ config, logger: { ...silentLogger, info: write, warn: write, error: write } })
  await using database = await openDatabase({ driver: 'postgres', url: server.url() })
  await installProjects(database, exampleInstallation)
})
afterAll(async () => {
  await plane.close()
  await server.stop()
})

async function get(path: string) {
  const startedAt = performance.now()
  const response = await fetch(`${plane.url}${path}`, { headers: { authorization: `Bearer ${ownerKey}` } })
  const body: unknown = await response.json()
  return { status: response.status, headers: response.headers, body, ms: performance.now() - startedAt }
}

const balance = '/v1/projects/smart_layer/accounts/smart_layer/balance'
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

test('away: 503 at once, not ready; back: ready and serving within seconds', { timeout: 180_000 }, async () => {
  expect(await get(balance)).toMatchObject({ status: 200 })
  expect(await get('/readyz')).toMatchObject({ status: 200 })

  await server.halt()
  // What is under way first finds out for itself.
  const first = await Promise.all(Array.from({ length: 8 }, () => get(balance)))
  for (const { status, headers } of first) {
    expect(status).toBe(503)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(logged).toContain('the database is unreachable; calls are refused until it answers')
  // From now on no call waits, except the one a second that tries the database.
  const later = []
  for (let index = 0; index < 30; index++) later.push(await get(balance))
  for (const { status, body } of later) {
    expect(status).toBe(503)
    expect(body).toMatchObject({ code: 'unavailable', retryable: true })
  }
  expect(median(later.map(({ ms }) => ms))).toBeLessThan(50)
  // Probes share an answer for half a second.
  await expect.poll(() => get('/readyz')).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect(await get('/livez')).toMatchObject({ status: 200 })
  // Without the database the process does not know what the others let through, so no limit is counted by guess.
  await expect.poll(() => get('/v1/me'), { timeout: 30_000 }).toMatchObject({ status: 503 })

  await server.start()
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 30_000, interval: 100 }).toBe(200)
  // The limits ask the database nothing for a second after a failure of theirs.
  await expect.poll(() => get(balance), { timeout: 30_000 }).toMatchObject({ status: 200 })
  expect(logged).toContain('the database answers again')
  const charged = await fetch(`${plane.url}/v1/projects/smart_layer/charges`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ownerKey}`,
      'content-type': 'application/json',
      'idempotency-key': uuidv7(),
    },
    body: JSON.stringify({ account: 'smart_layer', amount: 1 }),
  })
  expect(charged.ok).toBe(true)
})
