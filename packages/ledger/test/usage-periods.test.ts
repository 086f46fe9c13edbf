import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { DAY_MS } from './calendar.ts'
import { callWithNewKey, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'

const pageSchema = z.object({
  usage: z.array(z.object({ start: z.string(), charged: z.number() })),
  next: z.string().nullable(),
})

let ledger: LedgerUnderTest
beforeAll(async () => {
  ledger = await openLedgerUnderTest('server')
})
afterAll(() => ledger[Symbol.asyncDispose]())

// In the order of time: the journal's numbers and times go together.
test.each([
  ['America/Havana', 'day', '2024-11-03T04:30:00Z', '2024-11-03T05:30:00Z', '2024-11-04T05:30:00Z'], // midnight comes twice
  ['Atlantic/Azores', 'day', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
  ['America/Havana', 'day', '2027-03-14T04:59:00Z', '2027-03-14T05:30:00Z', '2027-03-15T03:59:00Z'], // or never
  ['Australia/Lord_Howe', 'hour', '2028-04-01T14:35:00Z', '2028-04-01T15:05:00Z', '2028-04-01T15:35:00Z'],
  ['Asia/Kathmandu', 'hour', '2028-04-02T00:14:00Z', '2028-04-02T00:15:00Z', '2028-04-02T01:15:00Z'],
  ['America/Havana', 'week', '2028-11-05T03:59:00Z', '2028-11-05T04:30:00Z', '2028-11-06T05:30:00Z'],
  ['America/Havana', 'month', '2032-10-31T12:00:00Z', '2032-11-01T04:30:00Z', '2032-12-01T05:30:00Z'],
])('usage has the periods of budgets, in %s by the %s, page by page too', async (tz, period, ...instants) => {
  const account = `${tz} ${period} ${instants[0]}`.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')
  await ledger.setClock(Date.parse(instants[0] ?? ''))
  await callWithNewKey(ledger, 'account_open', { p_account: account, p_kind: 'pool' })
  await callWithNewKey(ledger, 'grant', { p_account: account, p_amount: 100 })
  for (const instant of instants) {
    await ledger.setClock(Date.parse(instant))
    await callWithNewKey(ledger, 'charge', { p_account: account, p_amount: 1 })
  }
  const [periods] = await ledger.sql(
    `select array_to_json(array(select (core.ledger_period($1, $2, i.at)).period_start at time zone 'UTC' from unnest($3::timestamptz[]) i (at)))::text as starts`,
    [period, tz, `{${instants.join(',')}}`],
  )
  const from = new Date(Date.parse(instants[0] ?? '') - 2 * DAY_MS).toISOString()
  const to = new Date(Date.parse(instants.at(-1) ?? '') + DAY_MS).toISOString()
  const starts: number[] = []
  let next: string | null = null
  do {
    const args = { p_account: account, p_from: from, p_to: to, p_bucket: period, p_tz: tz, p_limit: 1, p_after: next }
    const page: z.output<typeof pageSchema> = pageSchema.parse(await ledger.database.call('ledger_usage', args))
    for (const { start, charged } of page.usage) for (let nth = 0; nth < charged; nth++) starts.push(Date.parse(start))
    next = page.next
  } while (next !== null)
  const wanted = z.array(z.string()).parse(JSON.parse(periods?.['starts'] ?? '[]'))
  expect(starts).toEqual(wanted.map((start) => Date.parse(`${start}Z`)))
})
