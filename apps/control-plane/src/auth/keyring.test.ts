import { generateApiKey } from '@core/api'
import { CoreError } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { bearerToken, createKeyring, requireScope } from './keyring.ts'

const { secret, hash } = generateApiKey()
const active = {
  ok: true,
  id: 'k1',
  project: 'smart_layer',
  name: 'key',
  hint: 'ck_live_…',
  caps: ['ledger:read', 'later:made'],
  status: 'active',
  created_by: 'owner',
  created_at: '2026-11-20T09:30:00Z',
  expires_at: null,
  disabled_at: null,
  revoked_at: null,
  last_used_at: null,
  replaced_by: null,
  etag: '"1"',
}

/** A keyring whose database answers with `answers.next`, and counts the questions. */
function setUp(first: unknown = active, ownerKey?: string) {
  const clock = createFakeClock()
  const asked: string[] = []
  const confirmed: (readonly string[])[] = []
  const answers = { next: first, wait: Promise.resolve() }
  const rpc = async (_name: string, { p_hash, p_ids }: { p_hash?: string; p_ids?: readonly string[] }) => {
    if (p_ids) confirmed.push(p_ids)
    else asked.push(String(p_hash))
    await answers.wait
    if (answers.next instanceof Error) throw answers.next
    return answers.next
  }
  // A fake of the one method the keyring uses; its argument types are those of the catalog.
  const keyring = createKeyring({
    database: { rpc } as Parameters<typeof createKeyring>[0]['database'],
    clock,
    ownerKey,
  })
  return { clock, asked, confirmed, answers, keyring }
}

test('a good key is asked about once, then believed for 30 seconds', async () => {
  const { keyring, asked, clock } = setUp()
  const principal = await keyring.resolve(secret)
  expect(principal).toMatchObject({ subject: 'key:k1', project: 'smart_layer' })
  expect([...principal.scopes]).toEqual(['ledger:read'])
  await clock.advance(29_999)
  expect(keyring.resolve(secret)).toBe(principal)
  await clock.advance(2)
  expect(keyring.resolve(secret)).toBeInstanceOf(Promise)
  expect(asked).toEqual([hash, hash])
})

test('a hundred concurrent requests with one key ask one question', async () => {
  const { keyring, asked } = setUp()
  const principals = await Promise.all(Array.from({ length: 100 }, () => keyring.resolve(secret)))
  expect(new Set(principals).size).toBe(1)
  expect(asked).toHaveLength(1)
})

test('junk is refused without a question', () => {
  const { keyring, asked } = setUp()
  for (const junk of ['x', secret.slice(0, -1), `${secret.slice(0, -1)}_`, 'ck_live_', 'a'.repeat(4000)]) {
    expect(() => keyring.resolve(junk)).toThrow(expect.objectContaining({ code: 'E_UNAUTHENTICATED' }))
  }
  expect(asked).toEqual([])
})

test.each(['key_unknown', 'key_expired', 'key_disabled'])('%s is remembered for 5 seconds, no longer', async (code) => {
  const { keyring, asked, answers, clock } = setUp({ ok: false, code, id: 'k1' })
  const refusal = expect.objectContaining({ code: 'E_UNAUTHENTICATED', details: { reason: code } })
  await expect(keyring.resolve(secret)).rejects.toEqual(refusal)
  expect(() => keyring.resolve(secret)).toThrow(refusal)
  expect(asked).toHaveLength(1)
  await clock.advance(5001)
  answers.next = active
  await expect(keyring.resolve(secret)).resolves.toMatchObject({ subject: 'key:k1' })
})

test('a revocation empties the cache at once, for that key or for all', async () => {
  const { keyring, asked } = setUp()
  await keyring.resolve(secret)
  keyring.forget('another key')
  await keyring.resolve(secret)
  expect(asked).toHaveLength(1)
  keyring.forget('k1')
  await keyring.resolve(secret)
  keyring.forget('')
  await keyring.resolve(secret)
  expect(asked).toHaveLength(3)
})

test('a key that is enabled again is accepted at once', async () => {
  const { keyring, answers } = setUp({ ok: false, code: 'key_disabled', id: 'k1' })
  await expect(keyring.resolve(secret)).rejects.toMatchObject({ details: { reason: 'key_disabled' } })
  answers.next = active
  keyring.forget('another key')
  expect(() => keyring.resolve(secret)).toThrow(expect.objectContaining({ details: { reason: 'key_disabled' } }))
  keyring.forget('k1')
  await expect(keyring.resolve(secret)).resolves.toMatchObject({ subject: 'key:k1' })
})

test('a revocation that overtakes the answer keeps it out of the cache', async () => {
  const { keyring, asked, answers } = setUp()
  const gate = Promise.withResolvers<void>()
  answers.wait = gate.promise
  const pending = keyring.resolve(secret)
  keyring.forget('k1')
  const later = keyring.resolve(secret)
  expect(asked).toHaveLength(2)
  gate.resolve()
  expect(await pending).not.toBe(await later)
  expect(keyring.peek(secret)).toBe(await later)
})

const confirming = (key: { id: string; expires_at: string | null; scopes?: number }) => ({
  ok: true,
  keys: [{ scopes: active.caps.length, ...key }],
})

test('a key in use is confirmed, and asks no question of its own', async () => {
  const { keyring, asked, confirmed, answers, clock } = setUp()
  const principal = await keyring.resolve(secret)
  answers.next = confirming({ id: 'k1', expires_at: null })
  for (let round = 0; round < 4; round++) {
    await clock.advance(14_999)
    await keyring.confirm()
    await clock.advance(1)
    expect(keyring.resolve(secret)).toBe(principal)
  }
  expect([asked, confirmed]).toEqual([[hash], Array(4).fill(['k1'])])
})

test('a key that was not used since is not asked about, and is believed no longer than before', async () => {
  const { keyring, confirmed, answers, clock } = setUp()
  await keyring.confirm()
  await keyring.resolve(secret)
  answers.next = confirming({ id: 'k1', expires_at: null })
  await keyring.confirm()
  await clock.advance(20_000)
  await keyring.confirm()
  await clock.advance(10_001)
  expect(keyring.peek(secret)).toBeUndefined()
  expect(confirmed).toEqual([['k1']])
})

test.each([
  ['that is no longer good', confirming({ id: 'another', expires_at: null })],
  ['whose end was moved', confirming({ id: 'k1', expires_at: '2099-01-01T00:00:00Z' })],
  ['that was given scopes', confirming({ id: 'k1', expires_at: null, scopes: 3 })],
])('a key %s is not confirmed and is looked up by its next request', async (_, answer) => {
  const { keyring, answers, asked } = setUp()
  await keyring.resolve(secret)
  answers.next = answer
  await keyring.confirm()
  expect(keyring.peek(secret)).toBeUndefined()
  answers.next = { ok: false, code: 'key_disabled', id: 'k1' }
  await expect(keyring.resolve(secret)).rejects.toMatchObject({ details: { reason: 'key_disabled' } })
  expect(asked).toHaveLength(2)
})

test('a confirmation counts from when it was asked for, and not at all where a change overtakes it', async () => {
  const { keyring, answers, clock, confirmed } = setUp()
  await keyring.resolve(secret)
  const gate = Promise.withResolvers<void>()
  Object.assign(answers, { next: confirming({ id: 'k1', expires_at: null }), wait: gate.promise })
  const late = keyring.confirm()
  keyring.forget('another key')
  await clock.advance(20_000)
  gate.resolve()
  await late
  await clock.advance(10_001)
  expect(keyring.peek(secret)).toBeUndefined()

  Object.assign(answers, { next: active, wait: Promise.resolve() })
  await keyring.resolve(secret)
  const slow = Promise.withResolvers<void>()
  Object.assign(answers, { next: confirming({ id: 'k1', expires_at: null }), wait: slow.promise })
  const confirmation = keyring.confirm()
  await clock.advance(10_000)
  slow.resolve()
  await confirmation
  await clock.advance(19_999)
  expect(keyring.peek(secret)).toBeDefined()
  await clock.advance(2)
  expect(keyring.peek(secret)).toBeUndefined()
  expect(confirmed).toHaveLength(2)
})

test('while the database is away keys are believed for as long as before', async () => {
  const { keyring, answers, clock, confirmed } = setUp()
  await keyring.resolve(secret)
  answers.next = new CoreError('E_DATABASE_UNAVAILABLE', 'away')
  await clock.advance(20_000)
  await expect(keyring.confirm()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  expect(keyring.peek(secret)).toBeDefined()
  await expect(keyring.confirm()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  await clock.advance(10_001)
  expect(keyring.peek(secret)).toBeUndefined()
  expect(confirmed).toHaveLength(2)
})

test('a key is not believed beyond its own end', async () => {
  const { keyring, asked, clock, answers } = setUp()
  answers.next = { ...active, expires_at: new Date(clock.now() + 10_000).toISOString() }
  await keyring.resolve(secret)
  await clock.advance(10_001)
  await keyring.resolve(secret)
  expect(asked).toHaveLength(2)
})

test('a failing database is neither yes nor no, and nothing is remembered of it', async () => {
  const { keyring, asked, answers } = setUp(new CoreError('E_DATABASE_UNAVAILABLE', 'away'))
  await expect(keyring.resolve(secret)).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  answers.next = active
  await expect(keyring.resolve(secret)).resolves.toMatchObject({ subject: 'key:k1' })
  expect(asked).toHaveLength(2)
})

test("the configuration's owner key may do everything and is never looked up", () => {
  const { keyring, asked } = setUp(active, 'a-long-random-text-of-my-own')
  expect(keyring.resolve('a-long-random-text-of-my-own')).toMatchObject({ subject: 'owner', project: undefined })
  expect(asked).toEqual([])
})

test.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer ', 'Bearer a b', `Bearer ${'a'.repeat(9000)}`, 'bearer\tx'])(
  'the header %j carries no token',
  (header) => {
    expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: 'E_UNAUTHENTICATED' }))
  },
)

test('the scheme is read without regard to case', () => {
  expect(bearerToken('bearer abc.DEF_~+/-==')).toBe('abc.DEF_~+/-==')
})

test('a missing scope is named', () => {
  const principal = { subject: 's', project: 'p', scopes: new Set(['ledger:read'] as const), expiresAt: null }
  expect(() => requireScope(principal, 'ledger:read')).not.toThrow()
  expect(() => requireScope(principal, 'ledger:grant')).toThrow(
    expect.objectContaining({ code: 'E_FORBIDDEN', details: expect.objectContaining({ scope: 'ledger:grant' }) }),
  )
})
