import { type Config, type ConfigOverrides, loadConfig } from '@core/config'
import { createEmbeddedFolder, createTestDatabase } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import { createClient } from '@supabase/supabase-js'
import { expect, test } from 'vitest'
import { startControlPlane } from '../src/index.ts'

const ownerKey = 'owner-key-of-the-tests-0123456789'

function configFor(overrides: ConfigOverrides): Config {
  const quick = { http: { port: 0 }, ownerKey, shutdown: { graceMs: 100 } }
  return loadConfig({ env: {}, cwd: import.meta.dirname, overrides: { ...quick, ...overrides } })
}

async function ask(url: string): Promise<number> {
  const client = createClient(url, ownerKey).schema('core_api')
  return (await client.rpc('project_list')).status
}

test('the embedded driver serves supabase-js unless configured not to, with every field of a refusal', async () => {
  await using folder = await createEmbeddedFolder()
  const database = { driver: 'embedded', dataDir: folder.dataDir, timeoutMs: 10_000 } as const
  await using plane = await startControlPlane({ config: { ...configFor({}), database }, logger: silentLogger })
  const [first] = plane.firstStart.projectKeys
  if (first === undefined) throw new Error('no key of a project')
  const client = createClient(plane.url, first.key).schema('core_api')
  const key = uuidv7()
  const charge = (amount: number) =>
    client.rpc('ledger_charge', { p_key: key, p_account: first.project, p_amount: amount })
  expect(await charge(1)).toMatchObject({ error: null, data: { ok: true } })
  const refused = await charge(2)
  expect(refused).toMatchObject({ status: 422, error: { code: 'PT422', message: expect.any(String) } })
  expect(JSON.parse(String(refused.error?.details))).toMatchObject({ code: expect.any(String) })
  expect(await client.rpc('limit_lease', {})).toMatchObject({ status: 403, error: { code: '42501' } })
})

test('a server of one’s own serves it too, unless configured not to', async () => {
  await using database = await createTestDatabase()
  for (const [rpc, status] of [
    [undefined, 200],
    ['off', 404],
  ] as const) {
    await using plane = await startControlPlane({
      config: configFor({ database: { url: database.url }, rest: { rpc } }),
      logger: silentLogger,
    })
    expect(await ask(plane.url)).toBe(status)
  }
})
