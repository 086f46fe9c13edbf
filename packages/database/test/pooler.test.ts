import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../src/index.ts'
import { migrateStatus, migrateUp } from '../src/migrate/index.ts'
import { contractFunctions } from '../src/testing/contract.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/index.ts'
import { findPgBouncer, type Pooler, startPooler } from '../src/testing/start-pooler.ts'

/** What the postgres driver promises holds behind a pooler that gives each transaction another connection. */

const command = findPgBouncer()
const missing = 'there is no pgbouncer on this machine'
let base: TestDatabase
let pooler: Pooler | undefined
let pooled: Database

beforeAll(async () => {
  if (command === undefined) return
  base = await createTestDatabase()
  await base.sql(contractFunctions)
  pooler = await startPooler(command, base.url)
  pooled = await openDatabase({ driver: 'postgres', url: pooler.url, poolSize: 12 })
})
afterAll(async () => {
  if (command === undefined) return
  await pooled.close()
  await pooler?.[Symbol.asyncDispose]()
  await base.drop()
})

test('claims are those of the call, whichever connection it meets', async ({ skip }) => {
  if (command === undefined) return skip(missing)
  await base.sql(`
    create function core_api.contract_whoami() returns jsonb language sql as $$
      select jsonb_build_object('sub', core.claims() -> 'sub', 'pid', pg_backend_pid())
    $$`)
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, index) => {
      const claims = { role: 'core_member', project: 'contract', caps: ['contract:use'], sub: `key:${index}` } as const
      return pooled.call('contract_whoami', {}, index % 3 ? { claims } : {})
    }),
  )
  expect(answers).toMatchObject(answers.map((_, index) => ({ sub: index % 3 ? `key:${index}` : null })))
  const pids = answers.map((answer) => /"pid":(\d+)/.exec(JSON.stringify(answer))?.[1])
  expect(new Set(pids).size, 'the pooler has three connections').toBeLessThanOrEqual(3)
})

test('40 reserves of 100 at once on 1,000: exactly 10 are granted, and batches replay', async ({ skip }) => {
  if (command === undefined) return skip(missing)
  await pooled.rpc('ledger_account_open', { p_key: 'open', p_account: 'alpha' })
  await pooled.rpc('ledger_grant', { p_key: 'grant', p_account: 'alpha', p_amount: 1_000 })
  const reserves = Array.from({ length: 40 }, (_, index) =>
    pooled.rpc('ledger_reserve', { p_key: `r${index}`, p_account: 'alpha', p_amount: 100 }),
  )
  const granted = (await Promise.all(reserves)).filter((answer) => JSON.stringify(answer).includes('"ok":true'))
  expect(granted).toHaveLength(10)
  const ops = [
    { op: 'charge', key: 'c', account: 'alpha', amount: 1 },
    { op: 'grant', key: 'g', account: 'alpha', amount: 5 },
    { op: 'charge', key: 'd', account: 'alpha', amount: 1 },
  ]
  const first = await pooled.rpc('ledger_batch', { p_ops: ops })
  expect(first).toMatchObject({ results: [{ code: 'insufficient_credits' }, { ok: true }, { ok: true }] })
  expect(await pooled.rpc('ledger_batch', { p_ops: ops })).toMatchObject({
    results: [{ ok: true, replayed: false }, { replayed: true }, { replayed: true }],
  })
  expect(await pooled.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
})

test('a refusal, a time limit and the next call are as without it', async ({ skip }) => {
  if (command === undefined) return skip(missing)
  await expect(pooled.call('contract_refuse', { p_sqlstate: 'PT409' })).rejects.toMatchObject({ code: 'E_CONFLICT' })
  const active = `select pid from pg_stat_activity where state = 'active' and query like '%contract_nap%' and pid <> pg_backend_pid()`
  for (let round = 0; round < 5; round++) {
    const nap = pooled.call('contract_nap', { p_seconds: 30 }, { timeoutMs: 200 })
    await expect(nap).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    await expect.poll(() => base.sql(active), { timeout: 30_000 }).toEqual([])
    expect(await pooled.call('contract_answer', { p_value: round })).toBe(round)
  }
})

test.for(['transaction', 'session'] as const)(
  'migrations are applied through it in %s mode',
  async (mode, { skip }) => {
    if (command === undefined) return skip(missing)
    await using empty = await createTestDatabase({ empty: true })
    await using behind = await startPooler(command, empty.url, mode)
    await using database = await openDatabase({ driver: 'postgres', url: behind.url })
    const { total } = await migrateUp({ database })
    const { migrations } = await migrateStatus({ database })
    expect(migrations.filter(({ state }) => state === 'applied')).toHaveLength(total)
  },
)

test('in statement mode, which refuses transactions, nothing is applied and the fix names another mode', async ({
  skip,
}) => {
  if (command === undefined) return skip(missing)
  await using empty = await createTestDatabase({ empty: true })
  await using behind = await startPooler(command, empty.url, 'statement')
  await using database = await openDatabase({ driver: 'postgres', url: behind.url })
  await expect(migrateUp({ database })).rejects.toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: false,
    fix: expect.stringContaining('pool_mode = transaction'),
  })
  expect(await empty.sql(`select nspname from pg_namespace where nspname like 'core%'`)).toEqual([])
})
