import type { JsonInput, MemberClaims } from '@core/database'
import { describe, expect, test } from 'vitest'
import {
  account,
  balance,
  base,
  get,
  item,
  openAccount,
  openedLease,
  openLease,
  useAccount,
  useLeaseFunctions,
} from './lease-functions-fixture.ts'

useLeaseFunctions()

describe('opening a lease', () => {
  test('holds its amount and says until when', async () => {
    await openAccount()
    const opened = await openLease()
    expect(opened).toMatchObject({ ok: true, replayed: false, amount: 200, reported: 0, rest: 200, seq: 0, flags: [] })
    expect(opened).toMatchObject({
      account,
      device: 'laptop',
      status: 'open',
      held: 200,
      available: 800,
      settled: 1_000,
    })
    const [now, expires, returns] = ['at', 'expires_at', 'returns_at'].map((field) => Date.parse(String(opened[field])))
    expect([Number(expires) - Number(now), Number(returns) - Number(expires)]).toEqual([3_600_000, 86_400_000])
    expect(await base.call('ledger_hold_get', { p_hold: opened['lease'] ?? null })).toMatchObject({
      rest: 200,
      status: 'open',
    })
  })

  test('replays on its key and refuses the key for another payload', async () => {
    await openAccount()
    const first = await openLease()
    expect(await openLease()).toEqual({ ...first, replayed: true })
    await expect(openLease({ p_device: 'phone' })).rejects.toMatchObject({
      code: 'E_IDEMPOTENCY_MISMATCH',
      details: { fields: ['device'] },
    })
    expect(await balance()).toMatchObject({ held: 200 })
  })

  test('takes at most a fifth of what is available', async () => {
    await openAccount()
    expect(await openLease({ p_amount: 201 })).toMatchObject({
      ok: false,
      code: 'lease_limit',
      requested: 201,
      limit: 200,
      available: 1_000,
    })
    expect(await openLease({ p_amount: 200 })).toMatchObject({ ok: true })
    expect(await openLease({ p_key: `second ${account}`, p_amount: 161 })).toMatchObject({
      code: 'lease_limit',
      limit: 160,
    })
    expect(await balance()).toMatchObject({ held: 200 })
  })

  test.each([
    ['more', 5_000, 500],
    ['nothing', 0, 0],
    ['everything', 10_000, 1_000],
    ['a fifth when what it says is no share', 20_000, 200],
    ['a fifth when what it says is no number', 'all', 200],
  ])('takes what the purse allows: %s', async (_, lease_max_bp, limit) => {
    const purse = await openAccount()
    await base.call('ledger_account_update', { p_key: `bp ${purse}`, p_account: purse, p_metadata: { lease_max_bp } })
    // A child cannot allow itself more of its parent's credits.
    useAccount(`${purse}/child`)
    await base.call('ledger_account_open', {
      p_key: `open ${account}`,
      p_account: account,
      p_kind: 'user',
      p_funding: 'parent',
      p_metadata: { lease_max_bp: 10_000 },
    })
    if (limit < 1_000) expect(await openLease({ p_amount: limit + 1 })).toMatchObject({ code: 'lease_limit', limit })
    if (limit > 0) expect(await openLease({ p_amount: limit })).toMatchObject({ ok: true, held: limit })
  })

  test('is denied as a reserve is', async () => {
    await openAccount()
    expect(await openLease({ p_amount: 1_001 })).toMatchObject({ code: 'insufficient_credits', requested: 1_001 })
    await base.call('ledger_budget_set', {
      p_key: `daily ${account}`,
      p_account: account,
      p_name: 'daily',
      p_period: 'day',
      p_limit: 100,
    })
    expect(await openLease({ p_amount: 150 })).toMatchObject({ code: 'budget_exhausted', budget: 'daily' })
    expect(await openLease({ p_account: `${account}/none` })).toMatchObject({ code: 'account_not_found' })
    await base.call('ledger_account_update', { p_key: `freeze ${account}`, p_account: account, p_status: 'frozen' })
    expect(await openLease({ p_amount: 50 })).toMatchObject({ code: 'account_frozen' })
    expect(await balance()).toMatchObject({ held: 0 })
  })

  test.each([
    ['key', { p_key: '' }],
    ['amount', { p_amount: 0 }],
    ['ttl_s', { p_ttl_s: 604_801 }],
    ['ttl_s', { p_ttl_s: 0 }],
    ['device', { p_device: '' }],
    ['account', { p_account: '' }],
  ])('refuses a bad %s: %j', async (field, args) => {
    await openAccount()
    await expect(openLease(args)).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
  })

  test('of 7 days is allowed', async () => {
    await openAccount()
    expect(await openLease({ p_ttl_s: 604_800 })).toMatchObject({ ok: true })
  })

  test('binds a project to its own accounts', async () => {
    const foreign: MemberClaims = {
      role: 'core_member',
      project: 'manus_origin',
      caps: ['ledger:spend', 'ledger:read'],
      sub: 'k',
    }
    const reader: MemberClaims = { role: 'core_member', project: 'smart_layer', caps: ['ledger:read'], sub: 'k' }
    const lease = await openedLease()
    for (const p_name of ['manus_origin', 'smart_layer']) await base.call('project_register', { p_name })
    await expect(openLease({}, foreign)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
    await expect(openLease({}, reader)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
    const missing = '019a0000-0000-7000-8000-000000000000'
    for (const id of [lease, missing]) {
      for (const [name, args] of [
        ['ledger_lease_report', { p_lease: id, p_seq: 1, p_items: [item(1)] }],
        ['ledger_lease_close', { p_key: 'k', p_lease: id }],
        ['ledger_lease_get', { p_lease: id }],
      ] as const) {
        await expect(base.call(name, args, foreign)).rejects.toMatchObject({
          code: 'E_NOT_FOUND',
          message: `there is no lease ${id}`,
        })
      }
    }
    expect(await base.call('ledger_lease_get', { p_lease: lease }, reader)).toMatchObject({ rest: 200 })
  })
})

describe('the hold of a lease', () => {
  test.each<[string, Record<string, JsonInput>]>([
    ['settle', { amount: 10 }],
    ['void', {}],
    ['capture', { amount: 10 }],
    ['extend', { add: 10 }],
  ])('is not for %s, alone or in a batch', async (op, fields) => {
    const lease = await openedLease()
    const args = Object.fromEntries(Object.entries(fields).map(([name, value]) => [`p_${name}`, value]))
    await expect(base.call(`ledger_${op}`, { p_key: `${op} ${lease}`, p_hold: lease, ...args })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'hold_leased' },
    })
    const { results } = await base.call('ledger_batch', {
      p_ops: [
        { op, key: `batch ${op} ${lease}`, hold: lease, ...fields },
        { op: 'charge', key: `beside ${lease}`, account, amount: 5 },
      ],
    })
    expect(results).toMatchObject([
      { ok: false, code: 'hold_leased' },
      { ok: true, charged: 5 },
    ])
    expect(await get(lease)).toMatchObject({ status: 'open', rest: 200 })
  })
})
