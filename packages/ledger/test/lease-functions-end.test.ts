import { describe, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'
import {
  account,
  balance,
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

  test('after the grace the rest goes back without a call; a later report charges as late', async () => {
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
