import { roleScopes } from '@core/api'
import { startSupabaseServer } from '@core/database/testing'
import { openCore } from '@core/sdk'
import { callEveryNoun } from '@core/sdk/testing'
import { expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

const project = 'smart_layer'

type Way = (server: TestServer, key: string) => Promise<Parameters<typeof openCore>[0]>

/** Each on a database of its own, so that the answers can be equal to the last number. */
const ways: Readonly<Record<'control plane' | 'Postgres' | 'Supabase', Way>> = {
  'control plane': async ({ app }, key) => ({
    project,
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    key,
  }),
  Postgres: async ({ test }) => ({ project, databaseUrl: test.url }),
  Supabase: async ({ test }) => {
    const rest = await startSupabaseServer(test.url, { hasGateway: true })
    closing.push(rest)
    const claims = { role: 'core_member', project, caps: roleScopes.owner, sub: 'key:test' } as const
    return { project, supabaseUrl: rest.url, supabaseKey: rest.memberKey(claims), supabaseApiKey: rest.anonKey }
  },
}
const closing: AsyncDisposable[] = []

async function ask(way: Way): Promise<Readonly<Record<string, unknown>>> {
  await using server = await openTestServer()
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'local', model: 'local', rates } })
  const key = await server.makeKey(project, roleScopes.owner)
  const options = { ...(await way(server, key)), env: { XDG_CONFIG_HOME: '/nonexistent' }, timeoutMs: 20_000 }
  try {
    await using core = await openCore(options)
    const answers = await callEveryNoun(core, 'manus_origin')
    expect(await server.audit()).toMatchObject({ ok: true })
    return answers
  } finally {
    for (const each of closing.splice(0)) await each[Symbol.asyncDispose]()
  }
}

test('every noun answers the same over a control plane, Postgres and Supabase', { timeout: 240_000 }, async () => {
  const direct = await ask(ways.Postgres)
  expect(Object.keys(direct).length).toBeGreaterThanOrEqual(60)
  expect(await ask(ways['control plane'])).toEqual(direct)
  expect(await ask(ways.Supabase)).toEqual(direct)
})
