import type { JsonInput, MemberClaims } from '@core/database'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'
import { type Answer, type LeaseDatabase, openLeaseDatabase } from './lease-database.ts'

const at = '2026-11-20T10:00:00.000Z'
const item = (amount: number) => ({ amount, at })

let base: LeaseDatabase
let account: string
let accounts = 0

beforeAll(async () => {
  base = await openLeaseDatabase()
})
afterAll(() => base.drop())
afterEach(() => base.audit())

/** A fresh account with 1,000 micro-credits: small numbers read better. */
async function openAccount(granted = 1_000): Promise<string> {
  account = `smart_layer/a${++accounts}`
  await base.call('ledger_account_open', { p_key: `open ${account}`, p_account: account, p_kind: 'user' })
  if (granted > 0) await base.call('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: granted })
  return account
}

function openLease(args: Record<string, JsonInput> = {}, claims?: MemberClaims): Promise<Answer> {
  return base.call(
    'ledger_lease_open',
    { p_key: `lease ${accounts}`, p_account: account, p_amount: 200, p_ttl_s: 3_600, p_device: 'laptop', ...args },
    claims,
  )
}

async function openedLease(amount = 200): Promise<string> {
  await openAccount()
  return String((await openLease({ p_amount: amount }))['lease'])
}

const report = (lease: string, seq: number, items: JsonInput) =>
  base.call('ledger_lease_report', { p_lease: lease, p_seq: seq, p_items: items })
const close = (lease: string, key = `close ${lease}`) => base.call('ledger_lease_close', { p_key: key, p_lease: lease })
const balance = () => base.call('ledger_balance', { p_account: account })
const get = (lease: string) => base.call('ledger_lease_get', { p_lease: lease })

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
    account = `${purse}/child`
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

describe('a report', () => {
  test('charges the sum of its items', async () => {
    await openAccount()
    await base.call('ledger_budget_set', {
      p_key: `daily ${account}`,
      p_account: account,
      p_name: 'daily',
      p_period: 'day',
      p_limit: 500,
    })
    const lease = String((await openLease())['lease'])
    const first = await report(lease, 1, [item(30), { key: 'job-1', amount: 20, at, metadata: { model: 'x' } }])
    expect(first).toMatchObject({
      ok: true,
      replayed: false,
      seq: 1,
      charged: 50,
      reported: 50,
      rest: 150,
      flags: [],
      status: 'open',
    })
    expect(first).toMatchObject({
      settled: 950,
      held: 150,
      available: 800,
      budgets: [{ budget: 'daily', spent: 50, held: 150, rest: 300 }],
    })
    expect(await report(lease, 2, [item(150)])).toMatchObject({ seq: 2, reported: 200, rest: 0, settled: 800, held: 0 })
    const { entries } = await base.call('ledger_history', { p_account: account, p_filter: { op: 'lease_report' } })
    expect(entries).toMatchObject([
      { amount: 150, hold: lease },
      { amount: 50, hold: lease, key: `core:lease:${lease}:1` },
    ])
    const posted = await base.sql(
      `select e.account_id::int as account, e.amount::int from core.ledger_entry e join core.ledger_tx t on t.id = e.tx_id
       where t.hold = $1 and t.op = 'lease_report' order by e.tx_id, e.amount`,
      [lease],
    )
    expect(posted).toMatchObject([
      { amount: -50 },
      { account: 2, amount: 50 },
      { amount: -150 },
      { account: 2, amount: 150 },
    ])
  })

  test('sent twice charges once, and with other items is refused', async () => {
    const lease = await openedLease()
    const first = await report(lease, 1, [item(30)])
    await report(lease, 2, [item(5)])
    expect(await report(lease, 1, [item(30)])).toEqual({ ...first, replayed: true })
    await expect(report(lease, 1, [item(31)])).rejects.toMatchObject({
      code: 'E_IDEMPOTENCY_MISMATCH',
      details: { fields: ['items'] },
    })
    expect(await get(lease)).toMatchObject({ reported: 35, seq: 2 })
  })

  test('out of order is denied with the number expected, and changes nothing', async () => {
    const lease = await openedLease()
    expect(await report(lease, 2, [item(1)])).toMatchObject({
      ok: false,
      code: 'lease_gap',
      expected: 1,
      seq: 2,
      lease,
    })
    await report(lease, 1, [item(1)])
    expect(await report(lease, 3, [item(1)])).toMatchObject({ code: 'lease_gap', expected: 2 })
    expect(await get(lease)).toMatchObject({ reported: 1, seq: 1 })
    expect(await report(lease, 2, [item(1)])).toMatchObject({ ok: true, seq: 2 })
  })

  test('beyond the lease is recorded, flagged, and may be debt', async () => {
    const lease = await openedLease()
    expect(await report(lease, 1, [item(250)])).toMatchObject({
      ok: true,
      charged: 250,
      reported: 250,
      rest: 0,
      flags: ['overflow'],
      settled: 750,
      held: 0,
    })
    expect(await report(lease, 2, [item(900)])).toMatchObject({ flags: ['overflow'], available: -150 })
    expect(await close(lease)).toMatchObject({ ok: true, released: 0 })
    expect(await get(lease)).toMatchObject({ amount: 200, reported: 1_150, flags: ['overflow'], status: 'closed' })
  })

  test('beyond its lease, or late, leaves what others hold alone', async () => {
    await openAccount()
    const [first, second] = [
      await openLease({ p_key: `${account} 1` }),
      await openLease({ p_key: `${account} 2`, p_amount: 100 }),
    ]
    const lease = String(first['lease'])
    expect(await report(lease, 1, [item(250)])).toMatchObject({ held: 100, settled: 750 })
    await base.age(lease, '26 hours')
    expect(await report(lease, 2, [item(30)])).toMatchObject({ flags: ['late', 'overflow'], held: 100, settled: 720 })
    expect(await get(String(second['lease']))).toMatchObject({ rest: 100 })
  })

  test.each<[string, JsonInput]>([
    ['nothing', []],
    ['no list', { amount: 1, at }],
    ['no object', [item(1), 7]],
    ['no amount', [{ at }]],
    ['amount zero', [item(0)]],
    ['a negative amount', [item(-5)]],
    ['a fraction', [item(1.5)]],
    ['an amount beyond 2^53 - 1', [item(2 ** 53)]],
    ['an amount as text', [{ amount: '5', at }]],
    ['no time', [{ amount: 1 }]],
    ['a time that is none', [{ amount: 1, at: 'yesterday-ish' }]],
    ['a key that is too long', [{ ...item(1), key: 'k'.repeat(201) }]],
    ['metadata that is no object', [{ ...item(1), metadata: [] }]],
    ['a field nobody knows', [{ ...item(1), hold: 'x' }]],
    ['more than 2^53 - 1 in sum', [item(2 ** 53 - 1), item(1)]],
  ])('with %s is refused', async (_, items) => {
    const lease = await openedLease()
    await expect(report(lease, 1, items)).rejects.toMatchObject({ code: 'E_INVALID' })
    expect(await get(lease)).toMatchObject({ reported: 0, seq: 0 })
  })

  test('names the item that is wrong', async () => {
    const lease = await openedLease()
    await expect(report(lease, 1, [item(1), item(1), item(0)])).rejects.toMatchObject({
      details: { field: 'items', index: 2 },
    })
    await expect(report(lease, 0, [item(1)])).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'seq' } })
  })

  test('holds 1,000 items and not one more', async () => {
    const lease = await openedLease()
    const items = Array.from({ length: 1_000 }, () => item(1))
    await expect(report(lease, 1, [...items, item(1)])).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    await expect(report(lease, 1, [{ ...item(1), metadata: { note: 'x'.repeat(1_100_000) } }])).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    })
    expect(await report(lease, 1, items)).toMatchObject({ charged: 1_000, flags: ['overflow'] })
  })

  test('can be refunded', async () => {
    const lease = await openedLease()
    const { tx } = await report(lease, 1, [item(100)])
    expect(
      await base.call('ledger_refund', { p_key: `refund ${lease}`, p_tx: tx ?? null, p_amount: 40 }),
    ).toMatchObject({ refunded: 40, left: 60, settled: 940 })
  })

  test('sent by many at once has one effect', async () => {
    const lease = await openedLease()
    const answers = await Promise.all(Array.from({ length: 20 }, () => report(lease, 1, [item(10)])))
    expect(answers.filter(({ replayed }) => replayed === false)).toHaveLength(1)
    const racers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        report(
          lease,
          (n % 4) + 2,
          [item(n % 4)].map((i) => ({ ...i, amount: 1 })),
        ),
      ),
    )
    for (const racer of racers) expect([undefined, 'lease_gap']).toContain(racer['code'])
    const { reported, seq } = await get(lease)
    expect(Number(reported)).toBe(10 + Number(seq) - 1)
  })
})

describe('time', () => {
  test('after its end a lease stays held for the grace, and reports are in order', async () => {
    const lease = await openedLease()
    await report(lease, 1, [item(50)])
    await base.age(lease, '24 hours 59 minutes')
    await base.call('ledger_expire_due', {})
    expect(await get(lease)).toMatchObject({ status: 'expired', rest: 150 })
    expect(await balance()).toMatchObject({ held: 150, available: 800 })
    expect(await report(lease, 2, [item(20)])).toMatchObject({ ok: true, flags: [], rest: 130 })
  })

  test('after the grace the rest goes back by itself; a later report charges as late', async () => {
    const lease = await openedLease()
    await report(lease, 1, [item(50)])
    await base.age(lease, '25 hours 1 second')
    expect(await get(lease)).toMatchObject({ status: 'returned', rest: 0 })
    expect(await balance()).toMatchObject({ settled: 950, held: 0, available: 950 })
    expect(await report(lease, 2, [item(20)])).toMatchObject({
      flags: ['late'],
      reported: 70,
      settled: 930,
      held: 0,
      status: 'returned',
    })
    expect(await report(lease, 3, [item(150)])).toMatchObject({ flags: ['late', 'overflow'], settled: 780 })
    expect(await report(lease, 2, [item(20)])).toMatchObject({ replayed: true })
    expect(await close(lease)).toMatchObject({ ok: true, released: 0, status: 'closed' })
    expect(await get(lease)).toMatchObject({ reported: 220, flags: ['late', 'overflow'] })
  })

  test('the report that finds the grace over is late itself', async () => {
    const lease = await openedLease()
    await base.age(lease, '25 hours 1 second')
    expect(await report(lease, 1, [item(20)])).toMatchObject({ flags: ['late'], settled: 980, held: 0 })
  })

  test('a lease counts in the window it was opened in', async () => {
    await openAccount()
    await base.call('ledger_budget_set', {
      p_key: `hourly ${account}`,
      p_account: account,
      p_name: 'hourly',
      p_period: 'hour',
      p_limit: 300,
    })
    const lease = String((await openLease())['lease'])
    // An hour later by the rows: the window moves into the past, the budget's present one is a new row.
    const [past] = await base.sql(
      `update core.ledger_window w set period_start = w.period_start - interval '1 hour', period_end = w.period_end - interval '1 hour'
       from core.ledger_budget b join core.ledger_account a on a.id = b.account_id
       where b.id = w.budget_id and a.code = $1 returning w.period_start`,
      [account],
    )
    await base.sql(`update core.ledger_hold set window_starts = array[$2::timestamptz] where id = $1`, [
      lease,
      past?.['period_start'],
    ])
    expect(await report(lease, 1, [item(60)])).toMatchObject({ budgets: [{ spent: 60, held: 140 }] })
    expect(await balance()).toMatchObject({ budgets: [{ spent: 0, held: 0, rest: 300 }] })
  })
})

describe('closing', () => {
  test('gives the rest back at once and refuses further reports, except replays', async () => {
    const lease = await openedLease()
    const reported = await report(lease, 1, [item(50)])
    const closed = await close(lease)
    expect(closed).toMatchObject({
      ok: true,
      status: 'closed',
      released: 150,
      rest: 0,
      reported: 50,
      settled: 950,
      held: 0,
    })
    expect(await close(lease)).toEqual({ ...closed, replayed: true })
    expect(await report(lease, 1, [item(50)])).toEqual({ ...reported, replayed: true })
    expect(await report(lease, 2, [item(1)])).toMatchObject({
      ok: false,
      code: 'hold_closed',
      lease,
      status: 'settled',
    })
    expect(await close(lease, `again ${lease}`)).toMatchObject({ ok: false, code: 'hold_closed' })
    expect(await balance()).toMatchObject({ settled: 950, held: 0, available: 950 })
  })

  test('a frozen account keeps the facts: it is reported and closed', async () => {
    const lease = await openedLease()
    await base.call('ledger_account_update', { p_key: `freeze ${account}`, p_account: account, p_status: 'frozen' })
    expect(await report(lease, 1, [item(50)])).toMatchObject({ ok: true, charged: 50 })
    expect(await close(lease)).toMatchObject({ ok: true, released: 150 })
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

test('many devices, reserves, sweeps and closes at once leave clean books and no deadlock', async () => {
  await openAccount(1_000_000)
  await base.call('ledger_budget_set', {
    p_key: `total ${account}`,
    p_account: account,
    p_name: 'all',
    p_period: 'total',
    p_limit: 1_000_000,
  })
  const devices = await Promise.all(
    Array.from({ length: 12 }, (_, n) => openLease({ p_key: `${account} ${n}`, p_amount: 1_000, p_device: `d${n}` })),
  )
  const leases = devices.map(({ lease }) => String(lease))
  await Promise.all(
    leases.flatMap((lease, n) => [
      (async () => {
        for (let seq = 1; seq <= 15; seq++) expect(await report(lease, seq, [item(seq)])).toMatchObject({ ok: true })
        if (n % 2 === 0) expect(await close(lease)).toMatchObject({ ok: true, released: 880 })
      })(),
      (async () => {
        for (let round = 0; round < 10; round++) {
          const key = `${lease} ${round}`
          const { hold } = await base.call('ledger_reserve', { p_key: `r ${key}`, p_account: account, p_amount: 50 })
          await base.call('ledger_settle', { p_key: `s ${key}`, p_hold: hold ?? null, p_amount: 20 })
          await base.call('ledger_expire_due', {})
        }
      })(),
    ]),
  )
  // 12 leases of 120, 120 settles of 20; six leases still hold 880.
  const spent = 12 * 120 + 120 * 20
  expect(await balance()).toMatchObject({
    settled: 1_000_000 - spent,
    held: 6 * 880,
    budgets: [{ spent, held: 6 * 880 }],
  })
  expect(await countDeadlocks(base)).toBe(0)
})

test('the audit sees a lease that does not match its hold or its reports', async () => {
  const lease = await openedLease()
  await report(lease, 1, [item(10)])
  for (const change of ['reported = reported + 1', 'seq = seq + 1', 'amount = 5']) {
    const [before] = await base.sql('select amount, reported, seq from core.ledger_lease where id = $1', [lease])
    await base.sql(`update core.ledger_lease set ${change} where id = $1`, [lease])
    await expect(base.audit()).rejects.toThrow('a lease reports without a gap what its hold captures')
    await base.sql('update core.ledger_lease set amount = $2, reported = $3, seq = $4 where id = $1', [
      lease,
      before?.['amount'],
      before?.['reported'],
      before?.['seq'],
    ])
  }
})
