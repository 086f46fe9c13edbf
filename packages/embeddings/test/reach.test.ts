import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbeddings } from '../src/index.ts'

/** On a server without pgvector: what a credential reaches, and what works without the extension. */

let on: TestDatabase
const scopes = ['embedding:read', 'embedding:write', 'embedding:operate'] as const
const hash = '0'.repeat(64)
const model = { p_provider: 'test', p_model: 'm', p_dims: 2 }
const item = { document: 'd', ordinal: 0, content: 'Spend offline with a lease.' }

beforeAll(async () => {
  on = await createTestDatabase()
  for (const p_name of ['mine', 'theirs']) {
    await on.database.rpc('project_register', { p_name })
    await call('embedding_space_open', { p_space: 's', ...model, p_project: p_name })
    await call('embedding_upsert', { p_space: 's', p_items: [item], p_project: p_name })
  }
  await call('embedding_space_open', { p_space: 'bad', ...model, p_project: 'mine' })
})
afterAll(() => on.drop())

type Call = readonly [scope: (typeof scopes)[number], args: Record<string, JsonInput>, refusal?: string]

/** Every function of embeddings that a member may call, its scope, and why it is refused without pgvector. */
const calls: Readonly<Record<string, Call>> = {
  embedding_space_open: ['embedding:write', { p_space: 's', ...model }],
  embedding_space_list: ['embedding:read', {}],
  embedding_stats: ['embedding:read', { p_space: 's' }],
  embedding_changed: ['embedding:write', { p_space: 's', p_items: [{ document: 'd', ordinal: 0, hash }] }],
  embedding_upsert: ['embedding:write', { p_space: 's', p_items: [item] }],
  embedding_documents: ['embedding:read', { p_space: 's' }],
  embedding_search: ['embedding:read', { p_space: 's', p_text: 'lease', p_mode: 'text' }],
  embedding_cache_get_many: ['embedding:read', { p_model: 'm', p_dims: 2, p_hashes: [hash] }],
  embedding_cache_put_many: ['embedding:write', { p_model: 'm', p_dims: 2, p_hashes: [hash], p_vectors: ['[1,2]'] }],
  embedding_queue_claim: ['embedding:write', { p_space: 's' }],
  embedding_queue_settle: [
    'embedding:write',
    { p_space: 's', p_generation: 1, p_items: [], p_hashes: [], p_vectors: [] },
    'extension_missing',
  ],
  embedding_migrate_begin: ['embedding:operate', { p_space: 's', ...model, p_dims: 3 }],
  embedding_migrate_cancel: ['embedding:operate', { p_space: 's' }],
  embedding_migrate_swap: ['embedding:operate', { p_space: 's' }],
  embedding_recall: ['embedding:operate', { p_space: 's' }, 'extension_missing'],
  embedding_delete: ['embedding:write', { p_space: 's' }],
  embedding_space_drop: ['embedding:operate', { p_space: 's' }],
}

function call(name: string, args: Readonly<Record<string, JsonInput>>, caps?: readonly string[]) {
  const claims: MemberClaims | undefined = caps && { role: 'core_member', project: 'mine', caps, sub: 'key:test' }
  return on.database.call(name, args, { claims })
}

const rows = () =>
  on.sql(`select to_jsonb(s) as row from core.embedding_space s union all select to_jsonb(i) from core.embedding_item i
    union all select to_jsonb(c) from core.embedding_cache c union all select to_jsonb(q) from core.embedding_queue q
    union all select to_jsonb(g) from core.embedding_generation g`)

test('the table names every function there is', async () => {
  const found = await on.sql(`select proname as name from pg_proc
    where pronamespace = 'core_api'::regnamespace and proname like 'embedding%' and has_function_privilege('core_member', oid, 'execute') order by 1`)
  expect(found.map(({ name }) => name)).toEqual(Object.keys(calls).sort())
})

test.each(Object.entries(calls))(
  '%s reaches no other project, and nothing without its scope',
  async (name, [scope, args, refusal]) => {
    const before = await rows()
    const forbidden = { code: 'E_FORBIDDEN' }
    await expect(call(name, { ...args, p_project: 'theirs' }, scopes)).rejects.toMatchObject(forbidden)
    const others = scopes.filter((other) => other !== scope)
    await expect(call(name, args, others)).rejects.toMatchObject(forbidden)
    expect(await rows()).toEqual(before)
    const own = call(name, args, [scope])
    if (refusal === undefined) expect(await own).toMatchObject({ ok: true })
    else {
      await expect(own).rejects.toMatchObject({
        code: 'E_CONFLICT',
        message: expect.stringContaining('the extension vector'),
        details: { reason: refusal, extension: 'vector' },
      })
    }
  },
)

test('without the extension items are written, queued and found by their words; other modes name the extension', async () => {
  const embeddings = createEmbeddings({ database: on.database, project: 'mine' })
  const space = embeddings.space('texts')
  const written = await space.upsert([{ id: 'lease.md', text: 'Spend offline with a lease.' }])
  expect(written).toMatchObject({ added: 1, queued: 1, calls: 0 })
  const { hits } = await space.search('how do I spend offline', { mode: 'text' })
  expect(hits).toMatchObject([{ document: 'lease.md' }])
  for (const mode of ['vector', 'hybrid'] as const) {
    await expect(space.search('offline', { mode })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'extension_missing' },
      fix: expect.stringContaining('core embeddings enable'),
    })
  }
  expect(await embeddings.enable()).toEqual({
    enabled: false,
    reason: 'the server does not offer the extension vector',
  })
})

test('a space that is shared to be read is searched and not written', async () => {
  const grant = { p_kind: 'space', p_name: 's', p_grantee: 'mine', p_rights: ['read'], p_project: 'theirs' }
  await on.database.call('share_set', grant, {})
  const there = { p_space: 's', p_project: 'theirs' }
  const found = await call('embedding_search', { ...there, p_text: 'lease', p_mode: 'text' }, ['embedding:read'])
  expect(found).toMatchObject({ hits: [{ document: 'd' }] })
  const write = call('embedding_upsert', { ...there, p_items: [item] }, ['embedding:write'])
  await expect(write).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
})

test.each<[string, JsonInput]>([
  ['no list', {}],
  ['no document', [{ ...item, document: 5 }]],
  ['a document of 501 bytes', [{ ...item, document: 'x'.repeat(501) }]],
  ['an ordinal that is no number', [{ ...item, ordinal: 'x' }]],
  ['one piece twice', [item, item]],
  ['metadata that is no object', [{ ...item, metadata: [] }]],
  ['1,001 items', Array.from({ length: 1_001 }, (_, ordinal) => ({ ...item, ordinal }))],
  ['a text of more than 1 MB', [{ ...item, content: 'x'.repeat(1_048_577) }]],
])('a write with %s is refused whole and says why', async (_, p_items) => {
  const before = await rows()
  await expect(call('embedding_upsert', { p_space: 'bad', p_items, p_project: 'mine' })).rejects.toMatchObject({
    code: expect.stringMatching(/^E_(INVALID|TOO_LARGE)$/),
    details: { field: 'items' },
  })
  expect(await rows()).toEqual(before)
})

test.each<[string, JsonInput]>([
  ['an unknown op', { op: 'drop', key: 'a' }],
  ['no op', { key: 'a', value: 1 }],
  ['a key that is no text', { op: 'eq', key: 1, value: 1 }],
  ['an object as value', { op: 'eq', key: 'a', value: {} }],
  ['no value', { op: 'eq', key: 'a' }],
  ['no arguments', { op: 'and', args: [] }],
  [
    'nine levels',
    Array.from({ length: 9 }).reduce<JsonInput>((arg) => ({ op: 'not', arg }), { op: 'exists', key: 'a' }),
  ],
  ['more than 16 KB', { op: 'eq', key: 'a', value: 'x'.repeat(17_000) }],
])('a filter with %s is refused', async (_, p_filter) => {
  const search = { p_space: 'bad', p_text: 'lease', p_mode: 'text', p_filter, p_project: 'mine' }
  await expect(call('embedding_search', search)).rejects.toMatchObject({
    code: 'E_INVALID',
    details: { reason: 'invalid_filter', field: 'filter' },
  })
})

test.each([
  `x" ? (@ == 1)) || exists ($."y`,
  `x'; drop table core.embedding_item; --`,
  '\\" || true',
  '$',
  '*',
  'ü\u0001',
])('a filter on the key %j is a comparison with that key and nothing else', async (key) => {
  const p_items = [
    { ...item, metadata: { [key]: key } },
    { ...item, document: 'other', metadata: { x: 1 } },
  ]
  await call('embedding_space_open', { p_space: 'keys', ...model, p_project: 'mine' })
  await call('embedding_upsert', { p_space: 'keys', p_items, p_project: 'mine' })
  const p_filter = { op: 'eq', key, value: key }
  const search = { p_space: 'keys', p_text: 'lease', p_mode: 'text', p_filter, p_project: 'mine' }
  expect(await call('embedding_search', search)).toMatchObject({ hits: [{ document: 'd', metadata: { [key]: key } }] })
})
