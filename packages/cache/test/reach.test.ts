import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What a credential reaches: the caches of its own project, as far as its scopes go. */

let on: TestDatabase
const scopes = ['cache:read', 'cache:write', 'cache:operate'] as const

beforeAll(async () => {
  on = await createTestDatabase()
  for (const p_name of ['mine', 'theirs']) await on.database.rpc('project_register', { p_name })
  await call('cache_put_many', { p_namespace: 'n', p_entries: [entry], p_project: 'theirs' })
})
afterAll(() => on.drop())

const entry = { key: 'k', value: 'AQ==', fresh_ms: 600_000, stale_ms: 600_000, tags: ['t'] }

/** Every function of the cache, and the scope that it asks for. */
const calls: Readonly<Record<string, readonly [scope: (typeof scopes)[number], args: Record<string, JsonInput>]>> = {
  cache_get_many: ['cache:read', { p_namespace: 'n', p_keys: ['k'] }],
  cache_poll: ['cache:read', {}],
  cache_hint: ['cache:read', { p_namespace: 'n' }],
  cache_stats: ['cache:read', {}],
  cache_list: ['cache:read', { p_namespace: 'n' }],
  cache_put_many: ['cache:write', { p_namespace: 'n', p_entries: [entry] }],
  cache_renew: ['cache:write', { p_namespace: 'n', p_key: 'k', p_token: 1, p_lease_ms: 1_000 }],
  cache_release: ['cache:write', { p_namespace: 'n', p_key: 'k', p_token: 1 }],
  cache_delete: ['cache:write', { p_namespace: 'n', p_keys: ['k'] }],
  cache_expire: ['cache:write', { p_namespace: 'n', p_keys: ['k'] }],
  cache_invalidate_tags: ['cache:write', { p_namespace: 'n', p_tags: ['t'] }],
  cache_sweep: ['cache:write', {}],
  cache_clear: ['cache:operate', { p_namespace: 'n' }],
}

function call(name: string, args: Readonly<Record<string, JsonInput>>, caps?: readonly string[]) {
  const claims: MemberClaims | undefined = caps && { role: 'core_member', project: 'mine', caps, sub: 'key:test' }
  return on.database.call(name, args, { claims })
}

/** Every row of the cache, so that a refused call can be seen to have left none and changed none. */
const rows = () =>
  on.sql(`select to_jsonb(e) as row from core.cache_entry e union all select to_jsonb(c) from core.cache_epoch c
    union all select to_jsonb(l) from core.cache_lease l union all select to_jsonb(v) from core.cache_event v`)

test('the table names every function there is', async () => {
  const found = await on.sql(`select proname as name from pg_proc
    where pronamespace = 'core_api'::regnamespace and proname like 'cache%' and has_function_privilege('core_member', oid, 'execute') order by 1`)
  expect(found.map(({ name }) => name)).toEqual(Object.keys(calls).sort())
})

test.each(Object.entries(calls))(
  '%s reaches no other project, and nothing without its scope',
  async (name, [scope, args]) => {
    const before = await rows()
    const forbidden = { code: 'E_FORBIDDEN' }
    await expect(call(name, { ...args, p_project: 'theirs' }, scopes)).rejects.toMatchObject(forbidden)
    const others = scopes.filter((other) => other !== scope)
    await expect(call(name, args, others)).rejects.toMatchObject(forbidden)
    expect(await rows()).toEqual(before)
    expect(await call(name, args, [scope])).toMatchObject({ ok: true })
  },
)

test('a refusal does not depend on what the other project keeps: it is given before any of it is read', async () => {
  const client = await on.connect()
  await client.query('begin')
  await client.query(
    `lock table core.cache_entry, core.cache_epoch, core.cache_lease, core.cache_event in access exclusive mode`,
  )
  for (const [name, [, args]] of Object.entries(calls)) {
    const refused = call(name, { ...args, p_project: 'theirs' }, scopes)
    await expect(refused, name).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  }
  await client.query('rollback')
})

test('to read is not to lease: that takes the right to write', async () => {
  const lease = { p_namespace: 'n', p_keys: ['missing'], p_holder: 'h', p_lease_ms: 1_000 }
  await expect(call('cache_get_many', lease, ['cache:read'])).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  expect(await call('cache_get_many', lease, ['cache:read', 'cache:write'])).toMatchObject({ leases: { missing: {} } })
})

test('what another project keeps is as it was after all of it', async () => {
  const read = { p_namespace: 'n', p_keys: ['k'], p_project: 'theirs' }
  expect(await call('cache_get_many', read)).toMatchObject({ entries: [{ value: 'AQ==', tags: ['t'] }] })
})

test.each<[string, JsonInput]>([
  ['no list', {}],
  ['no key', [{ ...entry, key: 5 }]],
  ['a key of 513 characters', [{ ...entry, key: 'x'.repeat(513) }]],
  ['no base64', [{ ...entry, value: 'ü' }]],
  ['a time beyond every bound', [{ ...entry, fresh_ms: 1e18 }]],
  ['a tag that is no text', [{ ...entry, tags: [5] }]],
  ['a token that is no number', [{ ...entry, token: 'x' }]],
  ['1,001 entries', Array.from({ length: 1_001 }, (_, index) => ({ ...entry, key: `k${index}` }))],
  ['a value of more than 1 MB', [{ ...entry, value: 'A'.repeat(1_398_108) }]],
])('a write with %s is refused whole and says why', async (_, p_entries) => {
  const before = await rows()
  await expect(call('cache_put_many', { p_namespace: 'n', p_entries, p_project: 'mine' })).rejects.toMatchObject({
    code: expect.stringMatching(/^E_(INVALID|TOO_LARGE)$/),
    details: { field: expect.any(String) },
  })
  expect(await rows()).toEqual(before)
})
