import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expireDueHolds } from '../src/nouns/ledger/expiry.ts'
import { startControlPlane } from '../src/process/compose.ts'
import type { ControlPlane } from '../src/process/control-plane.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

let shared: TestDatabase
let planes: readonly ControlPlane[]
const ownerKey = 'owner-key-of-two-control-planes'

beforeAll(async () => {
  shared = await createTestDatabase()
  const config = loadConfig({
    env: {},
    overrides: { http: { port: 0 }, database: { url: shared.url, poolSize: 4 }, ownerKey, shutdown: { graceMs: 2000 } },
  })
  await installProjects(shared.database, exampleInstallation)
  planes = await Promise.all([1, 2].map(() => startControlPlane({ config, logger: silentLogger })))
})
afterAll(async () => {
  await Promise.all(planes.map((plane) => plane.close()))
  await shared.drop()
})

test('a key revoked at one is refused at the other, long before what it keeps of the key ends', async () => {
  const [left] = planes.map(({ url }) => createClient({ url, key: ownerKey }))
  const made = await left?.createApiKey({ params: { project: 'smart_layer' }, body: { name: 'shared' } })
  const elsewhere = createClient({ url: planes[1]?.url ?? '', key: made?.secret ?? '' })
  expect(await elsewhere.getMe()).toMatchObject({ project: 'smart_layer' })
  await left?.revokeApiKey({ params: { project: 'smart_layer', id: made?.id ?? '' } })
  await expect
    .poll(() => elsewhere.getMe().catch((error) => error), { timeout: 20_000 })
    .toMatchObject({
      code: 'E_UNAUTHENTICATED',
      details: { reason: 'key_disabled' },
    })
})

test('sweeps that meet expire each hold once', async () => {
  const { database } = shared
  for (let index = 0; index < 20; index++) {
    await database.rpc('ledger_reserve', { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 1, p_ttl_s: 1 })
  }
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const { signal } = new AbortController()
  const expired = await Promise.all([1, 2, 3].map(() => expireDueHolds(database, signal)))
  // The planes' own sweeps may have taken some of them before.
  expect(expired.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(20)
  expect(await database.rpc('ledger_balance', { p_account: 'smart_layer' })).toMatchObject({
    held: 0,
    available: 1_000_000_000,
  })
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ ok: true, violations: [] })
})

test('three with one limit let through exactly what one would', async () => {
  const config = loadConfig({
    env: {},
    overrides: {
      http: { port: 0 },
      database: { url: shared.url, poolSize: 4 },
      ownerKey,
      // A window of its own: the owner's requests at the other planes would count as well.
      limits: { credential: { requests: 60, windowSeconds: 45 } },
    },
  })
  await using stack = new AsyncDisposableStack()
  const limited = await Promise.all([1, 2, 3].map(() => startControlPlane({ config, logger: silentLogger })))
  for (const plane of limited) stack.use(plane)
  const statuses = await Promise.all(
    Array.from({ length: 180 }, async (_, index) => {
      const plane = limited[index % limited.length]
      const response = await fetch(`${plane?.url}/v1/me`, { headers: { authorization: `Bearer ${ownerKey}` } })
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      return response.status
    }),
  )
  expect(statuses.filter((status) => status === 200)).toHaveLength(60)
  expect(statuses.filter((status) => status === 429)).toHaveLength(120)
})
