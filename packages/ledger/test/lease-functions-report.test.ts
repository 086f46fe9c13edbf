import type { JsonInput } from '@core/database'
import { describe, expect, test } from 'vitest'
import {
  account,
  at,
  base,
  close,
  get,
  item,
  openAccount,
  openedLease,
  openLease,
  report,
  useLeaseFunctions,
} from './lease-functions-fixture.ts'

useLeaseFunctions()

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

  test('beyond the lease is charged as far as twice the lease goes, recorded and flagged', async () => {
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
    expect(await report(lease, 2, [item(900)])).toMatchObject({
      charged: 150,
      uncollected: 750,
      flags: ['overflow', 'uncollected'],
      available: 600,
    })
    expect(await close(lease)).toMatchObject({ ok: true, released: 0 })
    expect(await get(lease)).toMatchObject({
      amount: 200,
      reported: 1_150,
      flags: ['overflow', 'uncollected'],
      status: 'closed',
    })
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
    ['an unknown field', [{ ...item(1), hold: 'x' }]],
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
    expect(await report(lease, 1, items)).toMatchObject({
      charged: 400,
      uncollected: 600,
      flags: ['overflow', 'uncollected'],
    })
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
