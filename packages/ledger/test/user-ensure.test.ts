import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createLedger, credits } from '../src/index.ts'

let base: TestDatabase
const answered = z.looseObject({ ok: z.literal(true), account: z.string(), tx: z.number().nullable() })
/** What a new key of the project may do. */
const key: MemberClaims = {
  role: 'core_member',
  project: 'shop',
  sub: 'key:1',
  caps: ['ledger:read', 'ledger:spend', 'ledger:account'],
}
const send = (name: string, args: Record<string, JsonInput>, claims?: MemberClaims) =>
  base.database.call(`ledger_${name}`, { p_key: uuidv7(), ...args }, claims ? { claims } : {})
const ensure = async (p_user: JsonInput, args: Record<string, JsonInput> = {}, claims = key) =>
  answered.parse(await send('user_ensure', { p_user, p_limit: 100, ...args }, claims))
const count = async (table: string, where: string) =>
  Number((await base.sql(`select count(*) as count from core.${table} where ${where}`))[0]?.['count'])

beforeAll(async () => {
  base = await createTestDatabase({ poolSize: 10 })
  await base.database.rpc('project_register', { p_name: 'shop', p_version: '1' })
  await send('account_open', { p_account: 'shop' })
  await send('grant', { p_account: 'shop', p_amount: 10_000 })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})

test('a key of the project opens the account of a user with its cap, which then binds', async () => {
  const made = await ensure('ann@example.com')
  expect(made).toMatchObject({
    account: 'shop/u:ann@example.com',
    user: 'ann@example.com',
    limit: 100,
    period: 'month',
  })
  const spend = (p_amount: number) => send('charge', { p_account: made.account, p_amount }, key)
  expect(await spend(90)).toMatchObject({ ok: true, available: 9_910 })
  expect(await spend(20)).toMatchObject({ ok: false, code: 'budget_exhausted' })
})

test('asking for what is there changes nothing and writes nothing', async () => {
  const made = await ensure('again')
  expect(made.tx).not.toBeNull()
  const before = await count('ledger_tx', 'true')
  expect(await ensure('again')).toMatchObject({ account: made.account, tx: null, budgets: made['budgets'] })
  expect(await count('ledger_tx', 'true')).toBe(before)
})

test('another cap replaces the first one, another period is a second cap', async () => {
  const { account } = await ensure('changing')
  expect(await ensure('changing', { p_limit: 50 })).toMatchObject({ limit: 50, account })
  await ensure('changing', { p_limit: 10, p_period: 'day' })
  const budgets = await base.sql(
    'select b.name, b.limit_amount from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where a.code = $1 order by 1',
    [account],
  )
  expect(budgets.map(({ name, limit_amount }) => [name, Number(limit_amount)])).toEqual([
    ['day', 10],
    ['month', 50],
  ])
})

test('a key replays its first answer, also after a later change, and takes no other payload', async () => {
  const first = await ensure('replayed', { p_key: 'ensure-1' })
  await ensure('replayed', { p_limit: 70 })
  expect(await ensure('replayed', { p_key: 'ensure-1' })).toEqual({ ...first, replayed: true })
  await expect(ensure('replayed', { p_key: 'ensure-1', p_limit: 5 })).rejects.toMatchObject({
    code: 'E_IDEMPOTENCY_MISMATCH',
    details: { fields: ['limit'] },
  })
})

test('eight at once for a new user make one account and one cap', async () => {
  for (const p_key of [undefined, 'shared']) {
    const user = `new ${p_key}`
    const made = await Promise.all(Array.from({ length: 8 }, () => ensure(user, p_key ? { p_key } : {})))
    const [{ account } = { account: '' }] = made
    expect(new Set(made.map((each) => each.account)).size).toBe(1)
    expect(await count('ledger_account', `code = '${account}'`)).toBe(1)
    expect(
      await count('ledger_budget', `account_id = (select id from core.ledger_account where code = '${account}')`),
    ).toBe(1)
  }
})

test.each([
  'a/b',
  '../etc',
  '..',
  '.',
  'a b',
  ' ',
  'Ünï',
  '💥',
  "'; drop table core.ledger_account; --",
  'x'.repeat(500),
  'u:ann@example.com',
  '%2e%2e',
  'a\nb',
  '-',
])('the name %j has an account of its own, below the project', async (user) => {
  const { account } = await ensure(user)
  expect(account).toMatch(/^shop\/(u:[A-Za-z0-9_.:@-]{1,100}|h:[0-9a-f]{64})$/)
  expect((await ensure(user)).account).toBe(account)
  expect((await ensure(`${user.slice(0, 400)}+`)).account).not.toBe(account)
  const [{ name } = {}] = await base.sql(
    `select metadata ->> 'user' as name from core.ledger_account where code = $1`,
    [account],
  )
  expect(name).toBe(user)
})

test.each([
  ['an empty one', ''],
  ['10 KB', 'x'.repeat(10_240)],
  ['a NUL', 'a\u0000b'],
  ['half an emoji', 'a\ud83d'],
])('refuses %s', async (_, user) => {
  await using ledger = createLedger({ database: base.database, claims: key })
  await expect(ledger.ensureUser({ user, limit: credits(1) })).rejects.toMatchObject({ code: 'E_INVALID' })
})

test('refuses another project, a missing scope, a period or time zone that there is not', async () => {
  await expect(ensure('x', { p_project: 'theirs' })).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await expect(ensure('x', {}, { ...key, caps: ['ledger:read'] })).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await expect(ensure('x', { p_period: 'year' })).rejects.toMatchObject({ details: { reason: 'invalid_period' } })
  await expect(ensure('x', { p_tz: 'Mars' })).rejects.toMatchObject({ details: { reason: 'invalid_time_zone' } })
  await expect(ensure('x', { p_limit: -1 })).rejects.toMatchObject({ details: { reason: 'invalid_amount' } })
  // Refused as a whole: there is no account without its cap.
  expect(await count('ledger_account', `code = 'shop/u:x'`)).toBe(0)
})

test('what the owner set, the project may lower and not raise', async () => {
  const { account } = await ensure('owned')
  await send('budget_set', { p_account: account, p_name: 'month', p_period: 'month', p_limit: 80 })
  await expect(ensure('owned', { p_limit: 90 })).rejects.toMatchObject({ details: { reason: 'forbidden_budget' } })
  expect(await ensure('owned', { p_limit: 60 })).toMatchObject({ limit: 60 })
  await send('account_update', { p_account: account, p_status: 'frozen' })
  expect(await send('user_ensure', { p_user: 'owned', p_limit: 60 }, key)).toMatchObject({ code: 'account_frozen' })
})

test('the owner names the project, and the client does the same', async () => {
  await expect(send('user_ensure', { p_user: 'y', p_limit: 1 })).rejects.toMatchObject({
    details: { reason: 'invalid_project' },
  })
  await using ledger = createLedger({ database: base.database })
  const ensured = await ledger.ensureUser({ project: 'shop', user: 'yve', limit: credits(1) })
  expect(ensured).toMatchObject({ status: 'ensured', account: 'shop/u:yve', limit: 1_000_000, period: 'month' })
  await using member = createLedger({ database: base.database, claims: key })
  expect(await member.ensureUser({ user: 'yve', limit: credits(1) })).toMatchObject({ tx: null })
  expect(await member.ensureUser({ user: 'yve', limit: credits(1), key: 'k', project: 'shop' })).toBeDefined()
})
