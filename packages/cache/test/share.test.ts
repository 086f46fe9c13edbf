import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, structuredCodec } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

/** A namespace of `theirs` that `mine` reaches by a share, and only so far as the share goes. */

let on: TestDatabase
const caps = ['cache:read', 'cache:write', 'cache:operate'] as const

beforeAll(async () => {
  on = await createTestDatabase()
  for (const p_name of ['mine', 'theirs', 'third']) await on.database.rpc('project_register', { p_name })
})
beforeEach(() => on.sql('delete from core.share'))
afterAll(() => on.drop())

const entry = { key: 'k', value: 'AQ==', fresh_ms: 600_000, stale_ms: 600_000, tags: ['t'] }
const n = { p_namespace: 'n' }

/** Every function that names a namespace, and the right that it asks for; null: the owner's alone. */
const calls: Readonly<Record<string, readonly [right: 'read' | 'write' | null, args: Record<string, JsonInput>]>> = {
  cache_get_many: ['read', { ...n, p_keys: ['k'] }],
  cache_poll: ['read', { p_namespaces: ['n'] }],
  cache_hint: ['read', n],
  cache_stats: ['read', n],
  cache_list: ['read', n],
  cache_put_many: ['write', { ...n, p_entries: [entry] }],
  cache_renew: ['write', { ...n, p_key: 'k', p_token: 1, p_lease_ms: 1_000 }],
  cache_release: ['write', { ...n, p_key: 'k', p_token: 1 }],
  cache_delete: ['write', { ...n, p_keys: ['k'] }],
  cache_expire: ['write', { ...n, p_keys: ['k'] }],
  cache_invalidate_tags: ['write', { ...n, p_tags: ['t'] }],
  cache_clear: [null, n],
}

const claimsOf = (project: string, scopes: readonly string[] = caps): MemberClaims => ({
  role: 'core_member',
  project,
  caps: [...scopes],
  sub: `key:${project}`,
})
const call = (name: string, args: Readonly<Record<string, JsonInput>>, claims: MemberClaims) =>
  on.database.call(name, { ...args, p_project: 'theirs' }, { claims })
const share = (grantee: string, rights: readonly string[], name = 'n') =>
  on.database.rpc('share_set', {
    p_kind: 'cache',
    p_name: name,
    p_grantee: grantee,
    p_rights: [...rights],
    p_project: 'theirs',
  })
const forbidden = { code: 'E_FORBIDDEN' }

test.each(Object.entries(calls))(
  '%s of a foreign namespace takes a share with its right',
  async (name, [right, args]) => {
    const mine = claimsOf('mine')
    const refused = () => expect(call(name, args, mine)).rejects.toMatchObject(forbidden)
    await refused()
    await share('third', ['read', 'write'])
    await share('mine', ['read', 'write'], 'another')
    await refused()
    await share('mine', [right === 'read' ? 'write' : 'read'])
    await refused()
    if (right === null) {
      await share('mine', ['read', 'write'])
      return refused()
    }
    await share('mine', [right])
    expect(await call(name, args, mine)).toMatchObject({ ok: true })
    await expect(call(name, args, claimsOf('mine', ['cache:operate']))).rejects.toMatchObject(forbidden)
    await expect(
      call(name, args, claimsOf('mine', [`cache:${right === 'read' ? 'write' : 'read'}`])),
    ).rejects.toMatchObject(forbidden)
    await on.database.rpc('share_remove', { p_kind: 'cache', p_name: 'n', p_grantee: 'mine', p_project: 'theirs' })
    await refused()
    await share('*', [right])
    expect(await call(name, args, mine)).toMatchObject({ ok: true })
  },
)

test('an unshared namespace, a missing one and one of a missing project are refused alike', async () => {
  await share('mine', ['read'])
  const refusalOf = (p_project: string, p_namespace: string) =>
    on.database
      .call('cache_get_many', { p_namespace, p_keys: ['k'], p_project }, { claims: claimsOf('mine') })
      .catch(({ code, message, fix, details }) =>
        JSON.stringify({ code, message, fix, details }).replaceAll(p_project, 'P'),
      )
  await on.database.rpc('cache_put_many', { p_namespace: 'secret', p_entries: [entry], p_project: 'theirs' })
  const refusal = await refusalOf('theirs', 'secret')
  expect(refusal).toContain('E_FORBIDDEN')
  expect(await refusalOf('theirs', 'none')).toBe(refusal)
  expect(await refusalOf('no_such_project', 'n')).toBe(refusal)
})

test('all of a foreign project cannot be followed, one shared namespace can, and no event of another comes along', async () => {
  await share('*', ['read'])
  const mine = claimsOf('mine')
  await expect(call('cache_poll', {}, mine)).rejects.toMatchObject(forbidden)
  await expect(call('cache_poll', { p_namespaces: ['n', 'secret'] }, mine)).rejects.toMatchObject(forbidden)
  await expect(call('cache_stats', {}, mine)).rejects.toMatchObject(forbidden)
})

test('two siblings share one cache: one loads, the other is answered, and hears of a delete', async () => {
  await share('*', ['read', 'write'])
  const open = (project: string) =>
    createCache({
      namespace: 'n',
      pollMs: 20,
      store: postgresStore({ database: on.database, project: 'theirs', claims: claimsOf(project) }),
    })
  await using mine = open('mine')
  await using third = open('third')
  let loads = 0
  const load = () => `answer ${++loads}`
  expect(await mine.getOrSet('question', load, { ttl: '1h' })).toBe('answer 1')
  expect(await third.getOrSet('question', load, { ttl: '1h' })).toBe('answer 1')
  await mine.delete('question')
  await expect.poll(() => third.peek('question'), { interval: 10, timeout: 30_000 }).toBeUndefined()
  expect(await third.getOrSet('question', load, { ttl: '1h' })).toBe('answer 2')

  await on.sql('delete from core.share')
  // Once the share has ended, memory forgets what it had by it.
  await expect.poll(() => third.peek('question'), { interval: 10, timeout: 30_000 }).toBeUndefined()
})

test('a credential that may only read is answered, and keeps what it loads in its own memory', async () => {
  await on.database.rpc('cache_put_many', {
    ...n,
    p_entries: [{ ...entry, value: Buffer.from(structuredCodec.encode('kept')).toString('base64') }],
    p_project: 'mine',
  })
  const store = postgresStore({ database: on.database, project: 'mine', claims: claimsOf('mine', ['cache:read']) })
  await using cache = createCache({ namespace: 'n', store })
  expect(await cache.getOrSet('k', () => 'not loaded')).toBe('kept')
  expect(await cache.getOrSet('new', () => 'loaded')).toBe('loaded')
  expect(cache.peek('new')).toBe('loaded')
  expect(cache.stats()).toMatchObject({ loads: 1, sharedErrors: 0 })
  await expect(cache.set('new', 1)).rejects.toMatchObject(forbidden)
})

test('a share says what it is for, and is bounded', async () => {
  const set = (args: Record<string, JsonInput>) =>
    on.database.call(
      'share_set',
      { p_kind: 'cache', p_name: 'n', p_grantee: '*', p_rights: ['read'], ...args },
      {
        claims: claimsOf('theirs', ['share:write']),
      },
    )
  expect(await set({ p_rights: ['write', 'read', 'read'] })).toMatchObject({
    owner: 'theirs',
    rights: ['read', 'write'],
  })
  await expect(set({ p_kind: 'purse' })).rejects.toMatchObject({
    code: 'E_INVALID',
    fix: expect.stringContaining('cache'),
  })
  await expect(set({ p_rights: ['work'] })).rejects.toMatchObject({ code: 'E_INVALID' })
  await expect(set({ p_rights: [] })).rejects.toMatchObject({ code: 'E_INVALID' })
  await expect(set({ p_rights: [null, 'read'] })).rejects.toMatchObject({ code: 'E_INVALID' })
  await expect(set({ p_grantee: 'theirs' })).rejects.toMatchObject({ code: 'E_INVALID' })
  await expect(set({ p_grantee: 'no_such_project' })).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(set({ p_name: '' })).rejects.toMatchObject({ code: 'E_INVALID' })
  await expect(set({ p_project: 'mine' })).rejects.toMatchObject(forbidden)
  await on.sql(`insert into core.share (owner, kind, name, grantee, rights)
    select 'theirs', 'cache', 'many ' || i, '*', '{read}' from generate_series(1, 999) i`)
  await expect(set({ p_name: 'one more' })).rejects.toMatchObject({ code: 'E_CONFLICT' })
  expect(await set({ p_rights: ['read'] })).toMatchObject({ ok: true })
})

test('a call without a project of its own has to name one', async () => {
  const list = (args: Record<string, JsonInput>) => on.database.call('share_list', args)
  await expect(list({})).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'project' } })
  await expect(on.database.call('cache_get_many', { ...n, p_keys: ['k'] })).rejects.toMatchObject({ code: 'E_INVALID' })
  expect(await list({ p_project: 'mine' })).toMatchObject({ shares: [] })
})

test('a list has what a project gives, or what it may use, page by page', async () => {
  await share('mine', ['read'])
  await share('*', ['read'], 'for all')
  await share('third', ['read'], 'for another')
  const list = (p_project: string, args: Record<string, JsonInput> = {}) =>
    on.database.call('share_list', { p_project, ...args })
  expect(await list('theirs')).toMatchObject({ shares: [{ name: 'n' }, { name: 'for all' }, { name: 'for another' }] })
  expect(await list('mine', { p_received: true })).toMatchObject({ shares: [{ name: 'n' }, { name: 'for all' }] })
  expect(await list('theirs', { p_received: true })).toMatchObject({ shares: [] })
  const first = await list('theirs', { p_limit: 2 })
  expect(first).toMatchObject({ shares: [{}, {}], next: expect.any(Number) })
  const after = Object(first)['next']
  expect(await list('theirs', { p_limit: 2, p_after: after })).toMatchObject({
    shares: [{ name: 'for another' }],
    next: null,
  })
})

test('of an archived project others read what it shares and change nothing', async () => {
  await share('mine', ['read', 'write'])
  const mine = claimsOf('mine')
  const archived = { code: 'E_CONFLICT', details: { reason: 'project_archived' } }
  await on.database.rpc('project_archive', { p_name: 'theirs' })
  try {
    for (const [name, [right, args]] of Object.entries(calls)) {
      if (right === 'read') expect(await call(name, args, mine)).toMatchObject({ ok: true })
      if (right === 'write') await expect(call(name, args, mine)).rejects.toMatchObject(archived)
    }
  } finally {
    await on.database.rpc('project_restore', { p_name: 'theirs' })
  }
  expect(await call('cache_put_many', { ...n, p_entries: [entry] }, mine)).toMatchObject({ ok: true })
})
