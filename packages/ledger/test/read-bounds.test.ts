import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const CHARGES = 6_000
const history = z.object({
  entries: z.array(z.object({ tx: z.number(), op: z.string() })),
  next: z.number().nullable(),
})

let test: TestDatabase
let client: pg.Client

beforeAll(async () => {
  test = await createTestDatabase()
  await test.database.rpc('ledger_account_open', { p_key: 'open', p_account: 'a' })
  await test.database.rpc('ledger_grant', { p_key: 'grant', p_account: 'a', p_amount: 1_000_000 })
  for (let batch = 0; batch < CHARGES / 1_000; batch++) {
    const ops = Array.from({ length: 1_000 }, (_, at) => ({
      op: 'charge',
      key: `${batch}-${at}`,
      account: 'a',
      amount: 1,
    }))
    await test.database.rpc('ledger_batch', { p_ops: ops })
  }
  client = await test.connect()
})
afterAll(() => test.drop())

/** The answer of a call, and how many rows of the journal it has read. */
async function call(expression: string): Promise<{ answer: unknown; read: number }> {
  const count = `select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relid = 'core.ledger_tx'::regclass`
  await client.query('begin')
  const before = (await client.query<{ rows: number }>(count)).rows[0]?.rows ?? 0
  const { rows } = await client.query<{ answer: unknown }>(`select ${expression} as answer`)
  const after = (await client.query<{ rows: number }>(count)).rows[0]?.rows ?? 0
  await client.query('commit')
  return { answer: rows[0]?.answer, read: after - before }
}

it('usage reads the rows of its range, not the account’s whole past', async () => {
  const none = await call(`core_api.ledger_usage('a', now() - interval '9 days', now() - interval '1 day', 'day')`)
  expect(none.answer).toMatchObject({ ok: true, usage: [] })
  expect(none.read).toBeLessThan(200)
  const all = await call(`core_api.ledger_usage('a', now() - interval '1 day', now() + interval '1 day', 'month')`)
  const usage = z.object({ usage: z.array(z.object({ charges: z.number() })) }).parse(all.answer).usage
  expect(usage.reduce((sum, { charges }) => sum + charges, 0)).toBe(CHARGES)
})

it('a page of history reads a page', async () => {
  const { answer, read } = await call(`core_api.ledger_history('a', null, 100)`)
  expect(history.parse(answer).entries).toHaveLength(100)
  expect(read).toBeLessThan(500)
})

it('history of a time reads the rows of that time', async () => {
  const { answer, read } = await call(
    `core_api.ledger_history('a', null, 100, jsonb_build_object('until', now() - interval '1 day'))`,
  )
  expect(answer).toMatchObject({ entries: [], next: null })
  expect(read).toBeLessThan(200)
})

it('a rare filter over a long past takes several bounded calls and finds everything', async () => {
  const found: { op: string }[] = []
  let calls = 0
  for (let before: number | null = null; ; ) {
    const { answer, read } = await call(`core_api.ledger_history('a', ${before}, 100, '{"op": "grant"}')`)
    const { entries, next } = history.parse(answer)
    expect(read).toBeLessThan(20_000)
    found.push(...entries)
    calls++
    if (next === null) break
    before = next
  }
  expect(found.map(({ op }) => op)).toEqual(['grant'])
  expect(calls).toBe(2)
})

it('figures that are read at every scrape call no function for each account', async () => {
  const counted = `select coalesce(sum(calls), 0)::int as calls from pg_stat_xact_user_functions
    where schemaname = 'core' and funcname = 'ledger_available'`
  await client.query("begin; set local track_functions = 'all'")
  const { rows: answers } = await client.query<{ answer: unknown }>('select core_api.ledger_stats() as answer')
  const { rows } = await client.query(counted)
  await client.query('commit')
  expect(answers[0]?.answer).toMatchObject({ accounts: 1, in_debt: 0 })
  expect(rows).toEqual([{ calls: 0 }])
})
