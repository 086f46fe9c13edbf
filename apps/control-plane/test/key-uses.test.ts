import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { createTestDatabase } from '@core/database/testing'
import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openKeyUses } from '../src/auth/key-uses.ts'
import { createKeyring } from '../src/auth/keyring.ts'
import { startControlPlane } from '../src/process/compose.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'
import { openTestServer, ownerKey, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const listSchema = z.object({ data: z.array(z.object({ id: z.string(), lastUsedAt: z.string().nullable() })) })

async function lastUses(): Promise<ReadonlyMap<string, string | null>> {
  const { body } = await server.send('GET', '/v1/projects/smart_layer/api-keys', { key: ownerKey })
  return new Map(listSchema.parse(body).data.map(({ id, lastUsedAt }) => [id, lastUsedAt]))
}

test('a key says when it was last good, to the minute and at the end exactly; the latest time wins', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 1, 12))
  const { database } = server.test
  await using uses = openKeyUses({ database, logger: silentLogger, clock })
  const keyring = createKeyring({ database, onUse: uses.note })
  const id = (await keyring.resolve(server.keys.smart_layer)).subject.slice('key:'.length)
  expect((await lastUses()).get(id)).toBeNull()

  await uses.flush()
  expect((await lastUses()).get(id)).toBe('2026-01-01T12:00:00+00:00')
  await clock.advance(59_999)
  await keyring.resolve(server.keys.smart_layer)
  await uses.flush()
  expect((await lastUses()).get(id)).toBe('2026-01-01T12:00:00+00:00')
  await clock.advance(1)
  await uses.flush()
  expect((await lastUses()).get(id)).toBe('2026-01-01T12:00:59.999+00:00')

  // Another process that reports an earlier use later changes nothing; who is not a key is passed over.
  const late = [
    { id, at: '2026-01-01T11:00:00Z' },
    { id: '01a1f918-1535-7d03-adb3-61d31067cd2e', at: '2026-01-01T11:00:00Z' },
  ]
  expect(await database.rpc('key_touch', { p_uses: late })).toEqual({ ok: true, touched: 0 })
  expect((await lastUses()).get(id)).toBe('2026-01-01T12:00:59.999+00:00')
  await keyring.resolve(server.keys.smart_layer)
  await uses[Symbol.asyncDispose]()
  expect((await lastUses()).get(id)).toBe('2026-01-01T12:01:00+00:00')
})

test('the running control plane notes the use of a key, and writes it when it closes at the latest', async () => {
  const own = await createTestDatabase()
  await installProjects(own.database, exampleInstallation)
  const config = loadConfig({
    env: {},
    overrides: {
      http: { port: 0 },
      database: { url: own.url },
      ownerKey: 'owner-key-of-the-use-tests',
    },
  })
  try {
    const plane = await startControlPlane({ config, logger: silentLogger })
    const made = await createClient({ url: plane.url, key: 'owner-key-of-the-use-tests' }).createApiKey({
      params: { project: 'smart_layer' },
      body: { name: 'used' },
    })
    expect(await createClient({ url: plane.url, key: made.secret ?? '' }).getMe()).toMatchObject({
      project: 'smart_layer',
    })
    await plane.close()
    const [row] = await own.sql('select last_used_at from core.api_key where id = $1', [made.id])
    expect(row?.['last_used_at']).not.toBeNull()
  } finally {
    await own.drop()
  }
})

test('what could not be reported is reported when the database is back, at the end at the latest', async () => {
  const { database } = server.test
  const id = (await createKeyring({ database }).resolve(server.keys.manus_origin)).subject.slice('key:'.length)
  let isAway = true
  const rpc: typeof database.rpc = (...call) =>
    isAway ? Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away')) : database.rpc(...call)
  {
    await using uses = openKeyUses({ database: { rpc }, logger: silentLogger })
    uses.note(id)
    await expect(uses.flush()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    isAway = false
  }
  const [row] = await server.test.sql(`select last_used_at from core.api_key where id = '${id}'`)
  expect(row?.['last_used_at']).not.toBeNull()
})

test.each([null, {}, Array.from({ length: 10_001 }, () => ({}))])(
  'key_touch refuses what is no list of uses',
  async (uses) => {
    const call = server.test.database.rpc('key_touch', { p_uses: uses })
    await expect(call).rejects.toMatchObject({ code: 'E_INVALID', details: { reason: 'invalid_uses' } })
  },
)
