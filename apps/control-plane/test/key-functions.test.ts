import { createHash, randomBytes } from 'node:crypto'
import type { MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What the routes cannot show: the key functions as every client of core_api meets them. */

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
  for (const name of ['smart_layer', 'manus_origin', 'third'])
    await db.database.rpc('project_register', { p_name: name })
})
afterAll(() => db.drop())

const newHash = () => createHash('sha256').update(randomBytes(32)).digest('hex')
const create = (fields: object = {}, claims?: MemberClaims) =>
  db.database.rpc(
    'key_create',
    { p_key: uuidv7(), p_hash: newHash(), p_hint: 'ck_live_abcd', p_project: 'smart_layer', ...fields },
    { claims },
  )

const member: MemberClaims = {
  role: 'core_member',
  project: 'smart_layer',
  caps: ['key:read', 'key:write'],
  sub: 'test',
}

const defaultScopes = async (): Promise<string[]> => {
  const [row] = await db.sql('select core.default_scopes() as names')
  return Object(row)['names']
}

test('a key is given the default scopes, keeps its own, and only from a caller who has them', async () => {
  const { database } = db
  const defaults = await defaultScopes()
  const { id, etag } = Object(await create({ p_caps: ['flag:write', 'ledger:read'] }))
  const add = (p_id: string, claims?: MemberClaims) =>
    database.rpc('key_update', { p_id, p_add_defaults: true }, { claims })
  await expect(add(id, { ...member, caps: ['flag:write', 'key:write', 'ledger:read'] })).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
    details: { reason: 'caps_exceed_own' },
  })
  const caps = [...defaults, 'flag:write'].toSorted()
  const changed = Object(await add(id, { ...member, caps: ['key:write', ...caps] }))
  expect(changed.caps.toSorted()).toEqual(caps)
  expect(changed.etag).not.toBe(etag)
  expect(await add(id)).toEqual(changed)
  const whole = Object(await create({ p_project: null, p_caps: null }))
  expect(await add(whole.id)).toMatchObject({ caps: whole.caps, etag: whole.etag })
  await database.rpc('key_revoke', { p_id: id })
  expect(await add(id)).toMatchObject({ status: 'disabled' })
  const { id: ended } = Object(await create({ p_caps: ['ledger:read'] }))
  await database.rpc('key_revoke', { p_id: ended })
  await expect(add(ended)).rejects.toMatchObject({ details: { reason: 'key_revoked' } })
})

test('a member cannot verify keys, nor list or make those of the whole system or of others', async () => {
  const { database } = db
  const options = { claims: member }
  await expect(database.rpc('key_verify', { p_hash: newHash() }, options)).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
  await expect(database.rpc('key_list', {}, options)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await expect(database.rpc('key_list', { p_project: 'manus_origin' }, options)).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
  await expect(create({ p_project: null }, member)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await expect(create({ p_project: 'manus_origin', p_caps: ['key:read'] }, member)).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
  await expect(create({ p_caps: ['key:read'] }, member)).resolves.toMatchObject({ ok: true, created_by: 'test' })
})

test('those of the known keys are confirmed that key_verify would still accept', async () => {
  const { database } = db
  await database.rpc('project_register', { p_name: 'ending' })
  const make = async (fields: object = {}) => String(Object(await create(fields)).id)
  const expires_at = '2099-01-01T00:00:00+00:00'
  const whole = await make({ p_project: null, p_caps: ['key:read'] })
  const [good, ends, disabled, revoked, archived, expired] = [
    await make(),
    await make({ p_expires_at: expires_at }),
    await make(),
    await make(),
    await make({ p_project: 'ending' }),
    await make(),
  ]
  const asked = [whole, good, ends, disabled, revoked, archived, expired]
  const confirm = async () => {
    const answer = await database.rpc('key_confirm', { p_ids: [...asked, uuidv7()] })
    return Object(answer)['keys'].toSorted(
      (one: { id: string }, other: { id: string }) => asked.indexOf(one.id) - asked.indexOf(other.id),
    )
  }
  const scopes = (await defaultScopes()).length
  const endOf = (id: string) => ({
    id,
    expires_at: id === ends ? expires_at : null,
    scopes: id === whole ? 1 : scopes,
  })
  expect(await confirm()).toEqual(asked.map(endOf))
  await database.rpc('key_update', { p_id: disabled, p_enabled: false })
  await database.rpc('key_revoke', { p_id: revoked })
  await database.rpc('project_archive', { p_name: 'ending' })
  await db.sql('update core.api_key set expires_at = clock_timestamp() where id = $1', [expired])
  expect(await confirm()).toEqual([whole, good, ends].map(endOf))
  await expect(database.rpc('key_confirm', { p_ids: asked }, { claims: member })).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
})

test.each([
  ['a key instead of its hash', { p_hash: 'ck_live_secret' }, 'invalid_hash'],
  ['an upper-case hash', { p_hash: 'A'.repeat(64) }, 'invalid_hash'],
  ['no name', { p_name: '' }, 'invalid_name'],
  ['a hint that gives the key away', { p_hint: 'x'.repeat(21) }, 'invalid_name'],
  ['an unknown scope', { p_caps: ['ledger:steal'] }, 'invalid_caps'],
  ['no scope', { p_caps: [] }, 'invalid_caps'],
  ['an end in the past', { p_expires_at: '2020-01-01T00:00:00Z' }, 'invalid_expiry'],
  ['an end that never comes', { p_expires_at: 'infinity' }, 'invalid_expiry'],
  ['no idempotency key', { p_key: '' }, 'invalid_key'],
])('%s is refused', async (_, fields, reason) => {
  const [{ before } = {}] = await db.sql('select count(*) as before from core.api_key')
  await expect(create(fields)).rejects.toMatchObject({ code: 'E_INVALID', details: { reason } })
  expect(await db.sql('select count(*) as before from core.api_key')).toEqual([{ before }])
})

test('a hash that another project recorded is answered like a new one, and its key works as before', async () => {
  const { database } = db
  const theirs = newHash()
  await create({ p_hash: theirs, p_project: 'third' })
  const shapeOf = (answer: unknown) =>
    Object.entries(Object(answer)).map(([name, value]) => [name, value === null ? 'null' : typeof value])
  const fields = { p_caps: ['key:read'], p_name: 'guess' }
  const fresh = await create({ ...fields, p_hash: newHash() }, member)
  const known = await create({ ...fields, p_hash: theirs }, member)
  expect(shapeOf(known)).toEqual(shapeOf(fresh))
  expect(known).toMatchObject({ ok: true, replayed: false, project: 'smart_layer', status: 'active', name: 'guess' })
  const reroll = (p_hash: string) =>
    database.rpc('key_reroll', { p_key: uuidv7(), p_id: Object(fresh)['id'], p_hash, p_hint: 'h' }, { claims: member })
  expect(await reroll(theirs)).toMatchObject({ ok: true, replayed: false })

  expect(await database.rpc('key_verify', { p_hash: theirs })).toMatchObject({ ok: true, project: 'third' })
  const [{ keys } = {}] = await db.sql(
    `select count(*)::int as keys from core.api_key where hash = decode($1, 'hex')`,
    [theirs],
  )
  expect(keys).toBe(1)
})

test('a hash that the same project recorded is refused, and a retry is none', async () => {
  const call = { p_hash: newHash(), p_key: uuidv7() }
  const first = await create(call)
  expect(await create(call)).toMatchObject({ id: Object(first)['id'], replayed: true })
  await expect(create({ p_hash: call.p_hash })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'key_exists' },
  })
})

test('thirty calls with one key make one API key', async () => {
  const call = { p_key: 'same', p_hint: 'ck_live_abcd', p_project: 'smart_layer', p_name: 'once' }
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => db.database.rpc('key_create', { ...call, p_hash: newHash() })),
  )
  const ids = new Set(answers.map((answer) => JSON.stringify(answer).match(/"id":"([^"]+)"/)?.[1]))
  expect(ids.size).toBe(1)
  expect(answers.filter((answer) => JSON.stringify(answer).includes('"replayed":false'))).toHaveLength(1)
})

test('two rerolls of one key at the same time: one wins', async () => {
  const made = await create()
  const id = String(Object(made).id)
  const reroll = () =>
    db.database.rpc('key_reroll', { p_key: uuidv7(), p_id: id, p_hash: newHash(), p_hint: 'ck_live_efgh' })
  const outcomes = await Promise.allSettled([reroll(), reroll(), reroll()])
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a thousand active keys are enough for a project', async () => {
  await db.sql(
    `insert into core.api_key (project, name, hash, hint, caps, created_by, request_key, request)
     select 'manus_origin', 'x', sha256(n::text::bytea), 'x', '{}', 'test', n::text, '{}' from generate_series(1, 1000) n`,
  )
  await expect(create({ p_project: 'manus_origin' })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'too_many_keys' },
  })
  await db.sql(`update core.api_key set disabled_at = now() where project = 'manus_origin' and request_key = '1'`)
  await expect(create({ p_project: 'manus_origin' })).resolves.toMatchObject({ ok: true })
})

test('the table holds nothing that is not a SHA-256, and a project key always has its scopes', async () => {
  const insert = (hash: string, caps: string) =>
    db.sql(
      `insert into core.api_key (project, name, hash, hint, caps, created_by, request_key, request)
       values ('smart_layer', 'x', ${hash}, 'x', ${caps}, 'test', gen_random_uuid()::text, '{}')`,
    )
  await expect(insert(`'\\x00'`, `'{}'`)).rejects.toThrow('api_key_hash_is_sha256')
  await expect(insert(`sha256('a')`, 'null')).rejects.toThrow('api_key_project_has_caps')
})
