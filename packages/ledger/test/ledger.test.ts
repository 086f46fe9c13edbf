import type { Database, Json } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { CoreError, isCoreError } from '@core/foundation'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { microCredits as amount, createLedger, type Ledger } from '../src/index.ts'

let base: TestDatabase
let ledger: Ledger
let account: string
let accounts = 0

beforeAll(async () => {
  base = await createTestDatabase()
  ledger = createLedger({ database: base.database })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await ledger.close()
  await base.drop()
})
beforeEach(async () => {
  account = `a${++accounts}`
  await base.database.rpc('ledger_account_open', { p_key: account, p_account: account })
  await ledger.grant({ account, amount: amount(1_000) })
})

test('every call has its outcome', async () => {
  const reserved = await ledger.reserve({ account, amount: amount(300), ttlSeconds: 60, metadata: { model: 'large' } })
  if (reserved.status !== 'reserved') throw new Error(reserved.status)
  const { hold } = reserved
  expect(reserved.expiresAt.getTime() - Date.now()).toBeGreaterThan(30_000)
  expect(await ledger.extend({ hold, add: amount(100) })).toMatchObject({ status: 'extended', amount: 400 })
  expect(await ledger.capture({ hold, amount: amount(50) })).toMatchObject({ status: 'captured', rest: 350 })
  expect(await ledger.void({ hold })).toMatchObject({ status: 'hold_closed', holdStatus: 'open' })
  expect(await ledger.settle({ hold, amount: amount(150) })).toMatchObject({
    status: 'settled',
    charged: 150,
    released: 200,
  })
  const charged = await ledger.charge({ account, amount: amount(100) })
  if (charged.status !== 'charged') throw new Error(charged.status)
  expect(await ledger.refund({ tx: charged.tx, amount: amount(40) })).toMatchObject({ status: 'refunded', left: 60 })
  expect(await ledger.charge({ account, amount: amount(741) })).toMatchObject({
    status: 'insufficient_credits',
    available: 740,
  })
  expect(await ledger.balance(account)).toMatchObject({
    status: 'found',
    accountStatus: 'active',
    granted: 1_000,
    spent: 260,
    settled: 740,
    held: 0,
    available: 740,
  })
  expect(await ledger.balance('ghost')).toEqual({ status: 'account_not_found', account: 'ghost' })
})

test.each([
  ['half an emoji', { note: '\ud83d' }],
  ['a NUL', { 'a\0': 1 }],
  ['an integer beyond 2^53', { id: 2 ** 60 }],
])(
  '%s in one of 500 concurrent calls is refused before the batch and costs its neighbours nothing',
  async (_, metadata) => {
    let batches = 0
    const counted = createLedger({
      database: {
        rpc: (name, args, options) => {
          batches++
          return base.database.rpc(name, args, options)
        },
      },
    })
    const calls = Array.from({ length: 500 }, (_, n) =>
      counted.charge({ account, amount: amount(1), metadata: n === 250 ? metadata : { n } }),
    )
    const failures = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected')
    expect(failures).toMatchObject([
      { reason: { code: 'E_INVALID', details: { reason: 'unstorable', field: 'metadata' } } },
    ])
    expect(batches).toBeLessThanOrEqual(2)
    expect(await counted.balance(account)).toMatchObject({ spent: 499 })
    await counted.close()
  },
)

test('every error of a mutation has the key that was used, also one that the ledger made', async () => {
  const fail = () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away', { details: { sent: false } }))
  const away = createLedger({ database: { rpc: fail } })
  const failure = (call: Promise<unknown>) => call.catch((error: unknown) => error)
  const [hold, key] = ['019a0000-0000-7000-8000-000000000000', 'mine']
  expect(await failure(away.charge({ account, amount: amount(1), key }))).toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: true,
    details: { key: 'mine', sent: false },
  })
  const made = [
    away.reserve({ account, amount: amount(1) }),
    away.settle({ hold }),
    away.void({ hold }),
    away.charge({ account, amount: amount(1) }),
    away.extend({ hold }),
    away.capture({ hold, amount: amount(1) }),
    away.grant({ account, amount: amount(1) }),
    away.transfer({ from: account, to: account, amount: amount(1) }),
    away.refund({ tx: 1 }),
    away.charge({ account, amount: amount(1) }, { signal: AbortSignal.abort() }),
    away.charge({ account, amount: amount(1), metadata: { note: '\0' } }),
  ]
  const keys = (await Promise.all(made.map(failure))).map((error) => isCoreError(error) && error.details['key'])
  for (const each of keys) expect(each).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  expect(new Set(keys).size).toBe(made.length)
  const leases = [
    away.leases.open({ key, account, amount: amount(1), ttlSeconds: 60, device: 'd' }),
    away.leases.close({ key, lease: hold }),
  ]
  for (const call of leases) expect(await failure(call)).toMatchObject({ details: { key } })
})

test('an answer that cannot be read fails with the key, too: the call may have been made', async () => {
  const [hold, key] = ['019a0000-0000-7000-8000-000000000000', 'mine']
  const strange = new Proxy(
    {},
    {
      get: () => strange,
      has: () => true,
      ownKeys: () => {
        throw new TypeError('strange')
      },
    },
  )
  const failure = (call: Promise<unknown>) =>
    call.then(
      () => 'no failure',
      (error: unknown) => error,
    )
  for (const answer of [{}, { ok: true }, { ok: false, code: 'new_kind' }, null, 1, strange]) {
    const newer = createLedger({
      database: {
        rpc: async (name) => (name === 'ledger_batch_json' ? { ok: true, results: [answer] } : answer) as Json,
      },
    })
    const calls = [
      newer.reserve({ account, amount: amount(1), key }),
      newer.settle({ hold, key }),
      newer.void({ hold, key }),
      newer.charge({ account, amount: amount(1), key }),
      newer.extend({ hold, key }),
      newer.capture({ hold, amount: amount(1), key }),
      newer.grant({ account, amount: amount(1), key }),
      newer.transfer({ from: account, to: account, amount: amount(1), key }),
      newer.refund({ tx: 1, key }),
      newer.refundHold({ hold, key }),
      newer.ensureUser({ user: 'u', limit: amount(1), key }),
      newer.leases.open({ key, account, amount: amount(1), ttlSeconds: 60, device: 'd' }),
      newer.leases.close({ key, lease: hold }),
    ]
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error).toMatchObject({ code: 'E_INTERNAL', retryable: false, details: { key } })
    }
  }
})

test('a ledger acts for the claims it was made with, whatever becomes of that object', async () => {
  const seen: unknown[] = []
  const claims = { role: 'core_member' as const, project: 'mine', caps: ['ledger:spend'], sub: 's' }
  const own = createLedger({
    claims,
    database: {
      rpc: (_name, _args, options) => {
        seen.push(options?.claims)
        return Promise.reject(new CoreError('E_FORBIDDEN', 'no'))
      },
    },
  })
  claims.project = 'theirs'
  await own.charge({ account, amount: amount(1) }).catch(() => undefined)
  expect(seen).toMatchObject([{ project: 'mine' }])
})

test('the call at fault fails alone; the others of its batch go through', async () => {
  const calls = Array.from({ length: 40 }, (_, index) =>
    index === 20 ? ledger.refund({ tx: 1 }) : ledger.charge({ account, amount: amount(index === 30 ? 5_000 : 10) }),
  )
  const settled = await Promise.allSettled(calls)
  const failed = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  expect(failed).toMatchObject([{ code: 'E_CONFLICT', details: { reason: 'not_refundable' } }])
  const denied = settled.filter(
    (result) => result.status === 'fulfilled' && result.value.status === 'insufficient_credits',
  )
  expect(denied).toHaveLength(1)
  expect(await ledger.balance(account)).toMatchObject({ spent: 380 })
})

test('without the scope every call of a batch is refused', async () => {
  const claims = { role: 'core_member', project: account, caps: ['ledger:read'], sub: 'key' } as const
  await using member = createLedger({ database: base.database, claims })
  const calls = Array.from({ length: 5 }, () => member.charge({ account, amount: amount(1) }))
  const settled = await Promise.allSettled(calls)
  expect(settled.every((result) => result.status === 'rejected' && isCoreError(result.reason, 'E_FORBIDDEN'))).toBe(
    true,
  )
})

test('a thousand callers at once share what there is, to the last micro-credit', async () => {
  let batches = 0
  const counting: Pick<Database, 'rpc'> = {
    rpc: (name, args, options) => {
      batches++
      return base.database.rpc(name, args, options)
    },
  }
  await using shared = createLedger({ database: counting })
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => shared.charge({ account, amount: amount(3) })))
  expect(outcomes.filter(({ status }) => status === 'charged')).toHaveLength(333)
  expect(outcomes.filter(({ status }) => status === 'insufficient_credits')).toHaveLength(667)
  expect(batches).toBeLessThan(10)
  expect(await ledger.balance(account)).toMatchObject({ available: 1 })
})

describe('an unknown outcome', () => {
  /** The call arrives, its answer does not. */
  const deaf: Pick<Database, 'rpc'> = {
    rpc: async (name, args, options) => {
      await base.database.rpc(name, args, options)
      throw new CoreError('E_DATABASE_UNAVAILABLE', 'the connection was lost')
    },
  }

  test('is known after the same key was sent again: one effect', async () => {
    await using unlucky = createLedger({ database: deaf })
    const call = { account, amount: amount(70), key: `pay ${account}` }
    await expect(unlucky.charge(call)).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
    expect(await ledger.charge(call)).toMatchObject({ status: 'charged', replayed: true, charged: 70 })
    expect(await ledger.balance(account)).toMatchObject({ spent: 70 })
  })

  test('of a whole batch is known the same way, call by call', async () => {
    await using unlucky = createLedger({ database: deaf })
    const pay = (through: Ledger) =>
      Array.from({ length: 20 }, (_, index) =>
        through.charge({ account, amount: amount(5), key: `${account} ${index}` }),
      )
    const lost = await Promise.allSettled(pay(unlucky))
    expect(lost.every(({ status }) => status === 'rejected')).toBe(true)
    const known = await Promise.all(pay(ledger))
    expect(known.every((outcome) => outcome.status === 'charged' && outcome.replayed)).toBe(true)
    expect(await ledger.balance(account)).toMatchObject({ spent: 100 })
  })

  test('with another amount is a mismatch, never a second effect', async () => {
    await using unlucky = createLedger({ database: deaf })
    const key = `pay ${account}`
    await expect(unlucky.charge({ account, amount: amount(70), key })).rejects.toMatchObject({ retryable: true })
    const other = ledger.charge({ account, amount: amount(71), key })
    await expect(other).rejects.toMatchObject({ code: 'E_IDEMPOTENCY_MISMATCH', details: { fields: ['amount'] } })
    expect(await ledger.balance(account)).toMatchObject({ spent: 70 })
  })
})

test('an answer that is no batch answer is an error, not an outcome', async () => {
  await using broken = createLedger({ database: { rpc: async () => ({ ok: true }) } })
  await expect(broken.charge({ account, amount: amount(1) })).rejects.toMatchObject({ code: 'E_INTERNAL' })
})

test('an unreachable database fails the call: nothing is spent unseen', async () => {
  await using cut = createLedger({
    database: { rpc: async () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away')) },
  })
  await expect(cut.reserve({ account, amount: amount(1) })).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
})

test('a closed ledger refuses calls, after it has finished those under way', async () => {
  const closing = createLedger({ database: base.database })
  const call = closing.charge({ account, amount: amount(1) })
  await closing.close()
  expect(await call).toMatchObject({ status: 'charged' })
  await expect(closing.charge({ account, amount: amount(1) })).rejects.toMatchObject({ code: 'E_CLOSED' })
})
