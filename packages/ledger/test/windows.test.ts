import type { JsonInput } from '@core/database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, periodOf } from './calendar.ts'
import { callLedger, type Engine, isObject, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'

/** Days around which the clocks of a zone change, and what is special about it. */
const changes = [
  ['UTC', '2026-03-29'],
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['Australia/Lord_Howe', '2026-04-05'], // back by half an hour
  ['Australia/Lord_Howe', '2026-10-04'],
  ['America/Havana', '2024-03-10'], // forward at midnight: the day begins at 01:00
  ['America/Havana', '2024-11-03'], // back at 01:00: midnight comes twice
  ['Atlantic/Azores', '2026-03-29'],
  ['Atlantic/Azores', '2026-10-25'],
  ['Africa/Cairo', '2024-04-26'],
  ['Africa/Cairo', '2024-10-31'], // back at midnight: 23:00 comes twice
  ['Asia/Beirut', '2024-03-31'],
  ['Asia/Beirut', '2024-10-27'],
  ['America/Santiago', '2024-09-08'],
  ['America/Santiago', '2024-04-07'],
  ['Antarctica/Troll', '2026-10-25'], // by two hours
  ['Pacific/Chatham', '2026-04-05'], // 45 minutes off
  ['Pacific/Apia', '2011-12-30'], // a date that never was
  ['Asia/Kolkata', '2026-01-01'],
] as const

describe.each<Engine>(['server', 'embedded'])('windows, %s', (engine) => {
  let ledger: LedgerUnderTest
  let runs = 0
  beforeAll(async () => {
    ledger = await openLedgerUnderTest(engine)
  })
  afterAll(() => ledger[Symbol.asyncDispose]())

  /** The periods of instants, as the database computes them. */
  async function periods(period: string, zone: string, instants: readonly number[]) {
    const rows = await ledger.sql(
      `select extract(epoch from p.period_start) * 1000 as start, extract(epoch from p.period_end) * 1000 as end
       from unnest($3::bigint[]) with ordinality i (at, ord), core.ledger_period($1, $2, to_timestamp(i.at / 1000.0)) p order by i.ord`,
      [period, zone, `{${instants.join()}}`],
    )
    return rows.map(({ start, end }) => ({ start: Number(start), end: Number(end) }))
  }

  test.each(changes)('periods of %s around %s hold every instant exactly once', async (zone, date) => {
    const middle = Date.parse(`${date}T00:00:00Z`)
    const instants = Array.from({ length: 4 * 24 * 2 }, (_, index) => middle + (index / 2 - 48) * HOUR_MS)
    for (const period of ['hour', 'day', 'week', 'month']) {
      const found = await periods(period, zone, instants)
      expect(found).toEqual(instants.map((at) => periodOf(period, zone, at)))
      for (const [index, { start, end }] of found.entries()) {
        const at = instants[index] ?? 0
        expect(at >= start && at < end, `${period} of ${new Date(at).toISOString()}`).toBe(true)
      }
      const next = await periods(
        period,
        zone,
        found.map(({ end }) => end),
      )
      expect(next.map(({ start }) => start)).toEqual(found.map(({ end }) => end))
    }
  })

  test('a day in Berlin has 23 hours in spring and 25 in autumn', async () => {
    const [spring, autumn] = await periods('day', 'Europe/Berlin', [
      Date.parse('2026-03-29T12:00:00Z'),
      Date.parse('2026-10-25T12:00:00Z'),
    ])
    expect(spring).toEqual({ start: Date.parse('2026-03-28T23:00:00Z'), end: Date.parse('2026-03-29T22:00:00Z') })
    expect(autumn).toEqual({ start: Date.parse('2026-10-24T22:00:00Z'), end: Date.parse('2026-10-25T23:00:00Z') })
  })

  test('a total never begins and never ends', async () => {
    const rows = await ledger.sql(
      `select period_start::text, period_end::text from core.ledger_period('total', 'UTC', now())`,
    )
    expect(rows).toEqual([{ period_start: '-infinity', period_end: 'infinity' }])
  })

  /** An account with 1,000,000 of its own and one budget, at an instant. */
  async function openAccount(at: string, budget: Record<string, string | number>) {
    const account = `w${++runs}`
    let calls = 0
    const send = async (op: string, fields: Record<string, string | number | null>) => {
      const { answer, raw } = await callLedger(ledger, { op, key: `${account} ${calls++}`, ...fields })
      expect(answer).toMatchObject({ ok: true })
      return isObject(raw) ? raw : {}
    }
    const setClock = (instant: string) => ledger.setClock(Date.parse(instant))
    await setClock(at)
    await send('account_open', { account })
    await send('grant', { account, amount: 1_000_000 })
    await send('budget_set', { account, name: 'cap', limit: 100, period: 'day', ...budget })
    return {
      account,
      send,
      setClock,
      /** Every window there is, oldest first. */
      windows: () =>
        ledger.sql(
          `select to_char(w.period_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as start, w.spent, w.held, w.carried
           from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
           join core.ledger_account a on a.id = b.account_id where a.code = $1 order by w.period_start`,
          [account],
        ),
    }
  }

  test('the daily reset is the next row; the row before stays as it was', async () => {
    const { account, send, setClock, windows } = await openAccount('2026-10-24T12:00:00Z', { tz: 'Europe/Berlin' })
    await setClock('2026-10-24T21:59:59.999Z')
    await send('charge', { account, amount: 100 })
    await setClock('2026-10-24T22:00:00Z') // midnight of the day that has 25 hours
    await send('charge', { account, amount: 60 })
    await setClock('2026-10-25T22:59:59.999Z')
    await send('charge', { account, amount: 40 })
    await setClock('2026-10-25T23:00:00Z')
    await send('charge', { account, amount: 1 })
    const plain = { held: '0', carried: '0' }
    expect(await windows()).toEqual([
      { start: '2026-10-23 22:00', spent: '100', ...plain },
      { start: '2026-10-24 22:00', spent: '100', ...plain },
      { start: '2026-10-25 23:00', spent: '1', ...plain },
    ])
  })

  test('a spent day denies until its last instant, across both changes of the clocks', async () => {
    for (const [from, last, next] of [
      ['2026-03-28T23:00:00Z', '2026-03-29T21:59:59.999Z', '2026-03-29T22:00:00Z'],
      ['2026-10-24T22:00:00Z', '2026-10-25T22:59:59.999Z', '2026-10-25T23:00:00Z'],
    ] as const) {
      const { account, send, setClock } = await openAccount(from, { tz: 'Europe/Berlin' })
      await send('charge', { account, amount: 100 })
      await setClock(last)
      const { answer } = await callLedger(ledger, { op: 'charge', key: 'denied', account, amount: 1 })
      const budgets = [expect.objectContaining({ rest: 0, resets_at: Date.parse(next) })]
      expect(answer).toMatchObject({ ok: false, code: 'budget_exhausted', budget: 'cap', budgets })
      await setClock(next)
      await send('charge', { account, amount: 100 })
    }
  })

  test('every answer shows a window as the balance does, whatever the name of its budget', async () => {
    const { account, send } = await openAccount('2026-06-01T12:00:00Z', {})
    const names = ['"', '\\', '\n\t\u0001\u2028', '{"budget": null}', ', "limit": 0', '%s $1 \\u0000', '🙂 é']
    for (const [index, name] of names.entries()) {
      const period = ['total', 'hour', 'month'][index % 3] ?? ''
      await send('budget_set', { account, name, limit: 90 - index, period, tz: 'Asia/Kolkata' })
    }
    const ask = async (name: string, args: Record<string, JsonInput>) =>
      Object(await ledger.database.call(`ledger_${name}`, args))
    const shown = async () =>
      Object(await ask('balance', { p_account: account })).budgets.map(
        ({ etag, ...budget }: { etag: string }) => budget,
      )
    expect((await shown()).map(({ budget }: { budget: string }) => budget)).toEqual(['cap', ...names])

    const charge = { p_key: `${account} charge`, p_account: account, p_amount: 3 }
    const charged = await ask('charge', charge)
    expect(charged.budgets).toEqual(await shown())
    expect(await ask('charge', charge)).toEqual({ ...charged, replayed: true })
    const denied = await ask('charge', { ...charge, p_key: `${account} denied`, p_amount: 82 })
    expect(denied).toMatchObject({ code: 'budget_exhausted', budget: names.at(-1) })
    expect(denied.budgets).toEqual(await shown())
    const { results } = await ask('batch', {
      p_ops: [
        { op: 'charge', key: charge.p_key, account, amount: 3 },
        { op: 'charge', key: `${account} denied`, account, amount: 82 },
        { op: 'charge', key: `${account} batched`, account, amount: 1 },
      ],
    })
    expect(results.slice(0, 2)).toEqual([{ ...charged, replayed: true }, denied])
    expect(results[2].budgets).toEqual(await shown())
    const { hold, ...reserved } = await ask('reserve', { p_key: `${account} reserve`, p_account: account, p_amount: 5 })
    expect(reserved.budgets).toEqual(await shown())
    const settled = await ask('settle', { p_key: `${account} settle`, p_hold: hold, p_amount: 6 })
    expect(settled.budgets).toEqual(await shown())
  })

  test('a hold belongs to the window it was reserved in; a late settle to the present one', async () => {
    const { account, send, setClock, windows } = await openAccount('2026-06-01T23:59:00Z', {})
    const settled = await send('reserve', { account, amount: 40, ttl_s: 86_400 })
    const late = await send('reserve', { account, amount: 30, ttl_s: 60 })
    await send('extend', { hold: String(settled['hold']), add: 20 })
    await setClock('2026-06-02T00:01:00Z')
    await send('capture', { hold: String(settled['hold']), amount: 10 })
    await send('charge', { account, amount: 5 })
    await send('settle', { hold: String(settled['hold']), amount: 45 })
    await setClock('2026-06-04T00:00:00Z')
    await send('settle', { hold: String(late['hold']), amount: 25 })
    expect(await windows()).toEqual([
      { start: '2026-06-01 00:00', spent: '55', held: '0', carried: '0' },
      { start: '2026-06-02 00:00', spent: '5', held: '0', carried: '0' },
      { start: '2026-06-04 00:00', spent: '25', held: '0', carried: '0' },
    ])
  })

  test('a refund goes back to the window of its charge', async () => {
    const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', {})
    const { tx } = await send('charge', { account, amount: 90 })
    await setClock('2026-06-02T12:00:00Z')
    await send('charge', { account, amount: 7 })
    await send('refund', { tx: Number(tx), amount: 50 })
    expect((await windows()).map(({ spent }) => spent)).toEqual(['40', '7'])
  })

  describe('roll-over', () => {
    test('is the unused rest of the day before, once, at most the cap', async () => {
      const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', { carry_cap: 70 })
      const { hold } = await send('reserve', { account, amount: 50, ttl_s: 86_400 })
      await send('charge', { account, amount: 20 })
      await setClock('2026-06-02T00:00:00Z')
      await send('charge', { account, amount: 130 }) // 100 and the 30 that were left
      await send('void', { hold: String(hold) }) // too late to roll over
      await setClock('2026-06-03T00:00:00Z')
      await send('charge', { account, amount: 1 })
      await setClock('2026-06-04T00:00:00Z')
      await send('charge', { account, amount: 170 })
      expect(await windows()).toEqual([
        { start: '2026-06-01 00:00', spent: '20', held: '0', carried: '0' },
        { start: '2026-06-02 00:00', spent: '130', held: '0', carried: '30' },
        { start: '2026-06-03 00:00', spent: '1', held: '0', carried: '0' },
        { start: '2026-06-04 00:00', spent: '170', held: '0', carried: '70' },
      ])
    })

    test.each([
      ['hour', '2026-06-01T12:00:00Z', '2026-06-01T15:10:00Z'],
      ['day', '2026-10-24T12:00:00Z', '2026-10-27T12:00:00Z'],
      ['week', '2026-10-14T12:00:00Z', '2026-11-04T12:00:00Z'],
      ['month', '2026-12-31T12:00:00Z', '2027-03-31T12:00:00Z'],
    ])('comes from every unused %s, too', async (period, from, to) => {
      const { account, send, setClock, windows } = await openAccount(from, {
        tz: 'Europe/Berlin',
        period,
        carry_cap: 1_000,
      })
      await send('charge', { account, amount: 90 })
      await setClock(to)
      await send('charge', { account, amount: 1 })
      expect((await windows()).map(({ carried }) => carried)).toEqual(['0', '210'])
    })

    test('never exceeds the cap, whatever was left untouched', async () => {
      const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', { carry_cap: 150 })
      await setClock('2026-06-09T12:00:00Z')
      await send('charge', { account, amount: 250 })
      expect((await windows()).map(({ carried }) => carried)).toEqual(['0', '150'])
    })

    test.each([
      ['Atlantic/Azores', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00Z'],
      ['America/Havana', '2024-11-02T12:00:00Z', '2024-11-03T04:30:00Z'],
      ['America/Havana', '2024-03-09T12:00:00Z', '2024-03-10T05:30:00Z'],
    ])('of a spent day is nothing in %s, though midnight comes twice or never', async (tz, from, to) => {
      const { account, send, setClock, windows } = await openAccount(from, { tz, carry_cap: 100 })
      await send('charge', { account, amount: 100 })
      await setClock(to)
      await send('charge', { account, amount: 1 })
      expect((await windows()).map(({ carried }) => carried)).toEqual(['0', '0'])
    })

    test('is not changed by a new limit or a new cap', async () => {
      const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', { carry_cap: 70 })
      await setClock('2026-06-02T12:00:00Z')
      await send('charge', { account, amount: 1 })
      await send('budget_set', { account, name: 'cap', limit: 10, period: 'day', carry_cap: 5 })
      expect((await windows()).at(-1)).toMatchObject({ carried: '70' })
      await setClock('2026-06-03T12:00:00Z')
      await send('charge', { account, amount: 15 })
      expect((await windows()).at(-1)).toMatchObject({ carried: '5' })
    })

    test('counts what has lapsed, whether a sweep has been or not', async () => {
      for (const isSwept of [true, false]) {
        const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', { carry_cap: 100 })
        await send('reserve', { account, amount: 60, ttl_s: 60 })
        await setClock('2026-06-02T12:00:00Z')
        if (isSwept) await ledger.database.rpc('ledger_expire_due', {})
        await send('charge', { account, amount: 1 })
        expect((await windows()).map(({ carried }) => carried)).toEqual(['0', '100'])
      }
    })

    const onServer = engine === 'server' ? test : undefined // one connection cannot wait for another
    onServer?.('waits for a call that was in time for the day before', async () => {
      const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', { carry_cap: 100 })
      // Two children with purses of their own: nothing but the budget above them is shared.
      for (const child of ['a', 'b']) {
        await send('account_open', { account: `${account}/${child}`, kind: 'user' })
        await send('grant', { account: `${account}/${child}`, amount: 1_000 })
      }
      const slow = await ledger.server?.connect()
      await setClock('2026-06-01T23:59:59Z')
      await slow?.query('begin')
      await slow?.query(`select core_api.ledger_charge('slow', $1, 80)`, [`${account}/a`])
      await setClock('2026-06-02T00:00:00Z')
      const next = send('charge', { account: `${account}/b`, amount: 1 })
      await expect
        .poll(async () => (await ledger.sql(`select count(*) from pg_locks where not granted`))[0])
        .toEqual({ count: '1' })
      await slow?.query('commit')
      await next
      expect((await windows()).map(({ carried }) => carried)).toEqual(['0', '20'])
    })
  })

  test('a budget that is set again another day has nothing of the days before', async () => {
    const { account, send, setClock, windows } = await openAccount('2026-06-01T12:00:00Z', {})
    await send('charge', { account, amount: 100 })
    const budget = { account, name: 'cap', period: 'day', tz: 'UTC' }
    await send('budget_set', { ...budget, limit: null })
    await send('charge', { account, amount: 1_000 })
    await setClock(new Date(Date.parse('2026-06-01T12:00:00Z') + DAY_MS).toISOString())
    await send('budget_set', { ...budget, limit: 50 })
    await send('charge', { account, amount: 50 })
    expect((await windows()).map(({ spent }) => spent)).toEqual(['100', '50'])
  })
})
