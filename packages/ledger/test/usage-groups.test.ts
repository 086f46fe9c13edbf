import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createLedger } from '../src/index.ts'

const answer = z.object({
  usage: z.array(
    z.object({
      start: z.string(),
      group: z.array(z.string().nullable()),
      charged: z.number(),
      refunded: z.number(),
      uncollected: z.number(),
      charges: z.number(),
    }),
  ),
  next: z.string().nullable(),
})

let test: TestDatabase
const hour = 3_600_000
const at = (ms: number) => new Date(Date.now() + ms).toISOString()

async function read(account: string, args: Record<string, JsonInput> = {}) {
  const range = { p_from: at(-24 * hour), p_to: at(hour), p_bucket: 'total' }
  return answer.parse(await test.database.call('ledger_usage', { p_account: account, ...range, ...args }))
}
const charged = async (account: string, p_by: string[], args: Record<string, JsonInput> = {}) =>
  (await read(account, { p_by, ...args })).usage.map(({ group, charged }) => [...group, charged])

const call = (name: string, args: Record<string, JsonInput>) =>
  test.database.call(`ledger_${name}`, { p_key: uuidv7(), ...args })
const charge = (p_account: string, p_amount: number, p_metadata: JsonInput = {}) =>
  call('charge', { p_account, p_amount, p_metadata })

async function settle(p_account: string, p_amount: number, reserved: JsonInput, settled: JsonInput): Promise<unknown> {
  const p_hold = uuidv7()
  await call('reserve', { p_account, p_amount: 100, p_hold, p_metadata: reserved })
  return call('settle', { p_hold, p_amount, p_metadata: settled })
}

const toTx = (accepted: unknown) => z.object({ tx: z.number() }).parse(accepted).tx

beforeAll(async () => {
  test = await createTestDatabase()
  await test.sql(`
    select core_api.ledger_account_open('1', 'a', 'pool');
    select core_api.ledger_grant('2', 'a', 1000000);
    select core_api.ledger_account_open('3', 'a/ann', 'user', 'a', p_metadata => '{"user": "Ann & Co"}', p_funding => 'parent');
    select core_api.ledger_account_open('4', 'a/bob', 'user', 'a', p_funding => 'parent');
    select core_api.ledger_account_open('5', 'a/team', 'project', 'a');
    select core_api.ledger_account_open('6', 'a/team/cid', 'user', 'a/team', p_funding => 'parent');
    select core_api.ledger_grant('7', 'a/team', 1000000)`)
  await charge('a', 7, { model: 'small', tags: ['x', 'y'] })
  await charge('a/ann', 20, { model: 'large', tag: 'x' })
  await charge('a/bob', 5, { model: 'small', user: 'robert' })
  await charge('a/team/cid', 40)
  await settle('a/ann', 30, { model: 'guess', tag: 'x' }, { model: 'large' })
})
afterAll(() => test.drop())

it('has what the accounts below spend, from their own credits too, or leaves them out', async () => {
  expect(await charged('a', [])).toEqual([[102]])
  expect(await charged('a', [], { p_children: false })).toEqual([[7]])
  expect(await charged('a/team', [])).toEqual([[40]])
  expect(await charged('a/team', [], { p_children: false })).toEqual([])
  expect(await charged('a/ann', [], { p_children: false })).toEqual([[50]])
})

it('groups by account, the highest charge first', async () => {
  expect(await charged('a', ['account'])).toEqual([
    ['a/ann', 50],
    ['a/team/cid', 40],
    ['a', 7],
    ['a/bob', 5],
  ])
})

it('groups by user: of the metadata, else of the account', async () => {
  expect(await charged('a', ['user'])).toEqual([
    ['Ann & Co', 50],
    ['a/team/cid', 40],
    [null, 7],
    ['robert', 5],
  ])
})

it('groups by keys of the metadata, the settle’s over the reserve’s', async () => {
  expect(await charged('a', ['model', 'user'])).toEqual([
    ['large', 'Ann & Co', 50],
    [null, 'a/team/cid', 40],
    ['small', null, 7],
    ['small', 'robert', 5],
  ])
})

it('a charge with several tags counts under each of them', async () => {
  const rows = await charged('a', ['tag'])
  expect(rows).toHaveLength(3)
  expect(rows).toEqual(
    expect.arrayContaining([
      ['x', 57],
      ['y', 7],
      [null, 45],
    ]),
  )
})

it('a refund counts where its charge does', async () => {
  const p_tx = toTx(await charge('a/bob', 9, { model: 'refunded' }))
  await call('refund', { p_tx, p_amount: 4 })
  const { usage } = await read('a', { p_by: ['model'] })
  expect(usage.find(({ group }) => group[0] === 'refunded')).toMatchObject({ charged: 9, refunded: 4, charges: 1 })
})

it('uncollected is part of usage, in the group of its settle', async () => {
  await call('account_open', { p_account: 'capped', p_kind: 'pool' })
  await call('grant', { p_account: 'capped', p_amount: 100 })
  await settle('capped', 130, {}, { model: 'm' })
  expect((await read('capped', { p_by: ['model'] })).usage).toMatchObject([
    { group: ['m'], charged: 100, uncollected: 30 },
  ])
})

it('a report of a lease counts by its items, the last of them uncollected', async () => {
  await call('account_open', { p_account: 'offline', p_kind: 'pool', p_over_bp: 0 })
  await call('grant', { p_account: 'offline', p_amount: 100 })
  const opened = await call('lease_open', { p_account: 'offline', p_amount: 20, p_ttl_s: 60, p_device: 'd' })
  const { lease } = z.object({ lease: z.string() }).parse(opened)
  const p_items = [
    { amount: 15, at: at(0), metadata: { model: 'first' } },
    { amount: 12, at: at(0), metadata: { model: 'second' } },
  ]
  await test.database.call('ledger_lease_report', { p_lease: lease, p_seq: 1, p_items })
  expect((await read('offline', { p_by: ['model'] })).usage).toMatchObject([
    { group: ['first'], charged: 15, uncollected: 0, charges: 1 },
    { group: ['second'], charged: 5, uncollected: 7, charges: 1 },
  ])
  expect((await read('offline')).usage).toMatchObject([{ charged: 20, uncollected: 7, charges: 2 }])
})

it('pages hold every group once, in order', async () => {
  await call('account_open', { p_account: 'many', p_kind: 'pool' })
  await call('grant', { p_account: 'many', p_amount: 1_000_000 })
  const ops = Array.from({ length: 25 }, (_, index) => ({
    op: 'charge',
    key: uuidv7(),
    account: 'many',
    amount: 1 + (index % 5),
    metadata: { user: `u${index}` },
  }))
  await test.database.call('ledger_batch', { p_ops: ops })
  const range = { p_from: at(-hour), p_to: at(hour), p_bucket: 'hour' }
  const whole = (await read('many', { ...range, p_by: ['user'] })).usage
  const pages = []
  for (let after: string | null = null, page = 0; page === 0 || after !== null; page++) {
    const { usage, next } = await read('many', { ...range, p_by: ['user'], p_limit: 4, p_after: after })
    expect(usage.length).toBeLessThanOrEqual(4)
    pages.push(...usage)
    after = next
  }
  expect(pages).toEqual(whole)
  expect(new Set(pages.map(({ group }) => group[0])).size).toBe(25)
})

it('days begin by the clock of the time zone', async () => {
  await call('account_open', { p_account: 'zones', p_kind: 'pool' })
  await call('grant', { p_account: 'zones', p_amount: 100 })
  const early = toTx(await charge('zones', 3))
  const late = toTx(await charge('zones', 4))
  const move = (id: number, instant: string) =>
    test.sql(
      `alter table core.ledger_tx disable trigger ledger_tx_append_only;
       update core.ledger_tx set created_at = '${instant}' where id = ${id};
       alter table core.ledger_tx enable trigger ledger_tx_append_only`,
    )
  const day = new Date(Date.now()).toISOString().slice(0, 10)
  // Tokyo is nine hours ahead all year: its day begins at 15:00 UTC of the day before.
  const midnight = Date.parse(`${day}T00:00:00Z`) - 9 * hour
  await move(early, new Date(midnight - hour / 2).toISOString())
  await move(late, new Date(midnight + hour / 2).toISOString())
  const days = async (p_tz: string) =>
    (await read('zones', { p_from: at(-72 * hour), p_bucket: 'day', p_tz })).usage.map(({ charged }) => charged)
  expect(await days('Asia/Tokyo')).toEqual([3, 4])
  expect(await days('UTC')).toEqual([7])
})

it('a long value is shortened and stays apart from one that begins alike', async () => {
  await call('account_open', { p_account: 'long', p_kind: 'pool' })
  await call('grant', { p_account: 'long', p_amount: 100 })
  for (const end of ['a', 'b']) await charge('long', 1, { user: 'x'.repeat(10_000) + end })
  const { usage } = await read('long', { p_by: ['user'] })
  expect(usage).toHaveLength(2)
  for (const { group } of usage) expect(group[0]?.length).toBeLessThanOrEqual(200)
})

it.each<[string, Record<string, JsonInput>, string]>([
  ['an infinite range', { p_from: '-infinity' }, 'invalid_range'],
  ['a range without an end', { p_to: 'infinity' }, 'invalid_range'],
  ['a range before all journals', { p_from: '0001-01-01' }, 'invalid_range'],
  ['a range to the end of time', { p_to: '294276-12-31', p_bucket: 'hour' }, 'invalid_range'],
  ['more than 1,100 days', { p_from: '2020-01-01', p_to: '2025-01-01' }, 'invalid_range'],
  ['a time zone that there is not', { p_tz: 'Europe/Atlantis' }, 'invalid_time_zone'],
  ['five groups', { p_by: ['a', 'b', 'c', 'd', 'e'] }, 'invalid_by'],
  ['a group twice', { p_by: ['a', 'a'] }, 'invalid_by'],
  ['a group without a name', { p_by: [''] }, 'invalid_by'],
  ['a page of 1,001', { p_limit: 1_001 }, 'invalid_limit'],
  ['a cursor of another list', { p_after: '17' }, 'invalid_cursor'],
])('refuses %s', async (_, args, reason) => {
  await expect(read('a', args)).rejects.toMatchObject({ code: 'E_INVALID', details: { reason } })
})

it('the client reads it page by page, and says that there is no such account', async () => {
  await using ledger = createLedger({ database: test.database })
  const range = { from: new Date(Date.now() - 24 * hour), to: new Date(Date.now() + hour), bucket: 'total' as const }
  const first = await ledger.usage({ account: 'a', ...range, by: ['account'], limit: 1 })
  expect(first).toMatchObject({ status: 'usage', rows: [{ group: ['a/ann'], charged: 50 }], next: expect.any(String) })
  if (first.status !== 'usage' || first.next === null) throw new Error('there is a second page')
  const second = await ledger.usage({ account: 'a', ...range, by: ['account'], limit: 1, after: first.next })
  expect(second).toMatchObject({ rows: [{ group: ['a/team/cid'] }] })
  expect(await ledger.usage({ account: 'none', ...range })).toEqual({ status: 'account_not_found', account: 'none' })
})
