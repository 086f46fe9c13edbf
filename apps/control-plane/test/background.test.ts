import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import type { Database } from '@core/database'
import { createTestDatabase, type TestDatabase, untilFinal } from '@core/database/testing'
import { CoreError, silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { rebalanceSiblings } from '../src/nouns/ledger/rebalancing.ts'
import { sealJournal } from '../src/nouns/ledger/sealing.ts'
import { startControlPlane } from '../src/process/compose.ts'
import type { ControlPlane } from '../src/process/control-plane.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

let shared: TestDatabase
const ownerKey = 'owner-key-of-the-background-tests'
const { signal } = new AbortController()

beforeAll(async () => {
  shared = await createTestDatabase()
  const { database } = shared
  await database.rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'pool', p_kind: 'pool' })
  await database.rpc('ledger_grant', { p_key: uuidv7(), p_account: 'pool', p_amount: 1_000_000 })
})
afterAll(() => shared.drop())
afterEach(async () => {
  expect(await shared.database.rpc('ledger_audit', {})).toMatchObject({ clean: true, violations: [] })
})

/** Two children of the pool with a budget of a name of its own. */
async function openSiblings(budget: string, limit: number, floor = 0): Promise<readonly [string, string]> {
  const siblings = [`${budget}_left`, `${budget}_right`] as const
  for (const account of siblings) {
    await shared.database.rpc('ledger_account_open', {
      p_key: uuidv7(),
      p_account: account,
      p_parent: 'pool',
      p_funding: 'parent',
    })
    await shared.database.rpc('ledger_budget_set', {
      p_key: uuidv7(),
      p_account: account,
      p_name: budget,
      p_period: 'total',
      p_limit: limit,
      p_floor: floor,
    })
  }
  return siblings
}

const charge = (account: string, amount: number) =>
  shared.database.rpc('ledger_charge', { p_key: uuidv7(), p_account: account, p_amount: amount })
const balance = (everySeconds = 3600) => rebalanceSiblings(shared.database, { everySeconds, signal })
const capOf = async (account: string) => {
  const [row] = await shared.sql(
    `select (b.limit_amount + coalesce(w.moved, 0))::int as cap from core.ledger_budget b
     join core.ledger_account a on a.id = b.account_id left join core.ledger_window w on w.budget_id = b.id where a.code = $1`,
    [account],
  )
  return row?.['cap']
}
const journal = async (op: string) =>
  Number((await shared.sql('select count(*) from core.ledger_tx where op = $1', [op]))[0]?.['count'])

test('nothing moves before a child has used four fifths, nor where no sibling has anything to give', async () => {
  const [left, right] = await openSiblings('quiet', 100)
  await charge(left, 79)
  expect(await balance()).toBe(0)
  await charge(right, 79)
  await charge(left, 1)
  await charge(right, 1)
  expect(await balance()).toBe(0)
  const [short, floored] = await openSiblings('floored', 100, 100)
  await charge(short, 90)
  expect(await balance()).toBe(0)
  expect([await capOf(left), await capOf(right), await capOf(short), await capOf(floored)]).toEqual([
    100, 100, 100, 100,
  ])
  expect(await journal('rebalance')).toBe(0)
})

test('many that balance at once move cap once', async () => {
  const [left, right] = await openSiblings('race', 100)
  await charge(left, 80)
  const levelled = await Promise.all(Array.from({ length: 8 }, () => balance()))
  expect(levelled.reduce((sum, count) => sum + count, 0)).toBe(1)
  expect([await capOf(left), await capOf(right)]).toEqual([140, 60])
  expect(await journal('rebalance')).toBe(1)
})

test('a budget is levelled once per interval, and again in the next', async () => {
  const [left, right] = await openSiblings('again', 100)
  await charge(left, 90)
  expect(await balance()).toBe(1)
  expect([await capOf(left), await capOf(right)]).toEqual([145, 55])
  await charge(left, 54)
  // Due once more, but the key of this interval is taken: its first answer comes back.
  expect(await balance()).toBe(0)
  expect(await capOf(left)).toBe(145)
  // An interval of another length is another one, also where both begin at the same instant.
  expect(await balance(7200)).toBe(1)
  expect([await capOf(left), await capOf(right)]).toEqual([172, 28])
})

test('one that was held up past its interval moves nothing, and what moves is an event of its project', async () => {
  const [left, right] = await openSiblings('late', 100)
  await charge(left, 90)
  const held: Pick<TestDatabase['database'], 'rpc'> = {
    async rpc(name, args, options) {
      if (name === 'ledger_rebalance') await new Promise((resolve) => setTimeout(resolve, 1_100))
      return shared.database.rpc(name, args, options)
    },
  }
  expect(await rebalanceSiblings(held, { everySeconds: 1, signal })).toBe(0)
  expect([await capOf(left), await capOf(right)]).toEqual([100, 100])
  // Three control planes, three intervals in which it is due: each is balanced once.
  for (const [everySeconds, amount] of [
    [10_000, 40],
    [20_000, 25],
    [30_000, 0],
  ] as const) {
    const moved = await Promise.all([1, 2, 3].map(() => balance(everySeconds)))
    expect(moved.reduce((sum, count) => sum + count, 0)).toBe(1)
    if (amount > 0) await charge(left, amount)
  }
  expect([await capOf(left), await capOf(right)]).toEqual([178, 22])
  const events = await shared.sql(
    `select project, data from core.event where topic = 'ledger.rebalance' and data ->> 'budget' = 'late' order by id limit 2`,
  )
  expect(events).toMatchObject([
    { project: left, data: { account: left, from: 100, to: 145 } },
    { project: right, data: { account: right, from: 100, to: 55 } },
  ])
})

test('a budget that cannot be balanced keeps no other from it, and is reported', async () => {
  const [stuck] = await openSiblings('a_stuck', 100)
  const [free] = await openSiblings('z_free', 100)
  for (const account of [stuck, free]) await charge(account, 90)
  const database: Pick<Database, 'rpc'> = {
    rpc: async (name, args, options) => {
      if (Object(args).p_budget === 'a_stuck') throw new CoreError('E_DATABASE_BUSY', 'a lock is held')
      return await shared.database.rpc(name, args, options)
    },
  }
  const balancing = rebalanceSiblings(database, { everySeconds: 3600, signal })
  await expect(balancing).rejects.toMatchObject({ code: 'E_DATABASE_BUSY' })
  expect([await capOf(stuck), await capOf(free)]).toEqual([100, 145])
})

test('several that seal at once seal each row once', async () => {
  const rows = Number((await shared.sql('select count(*) from core.ledger_tx'))[0]?.['count'])
  await untilFinal(shared)
  const sealed = await Promise.all(Array.from({ length: 4 }, () => sealJournal(shared.database, signal)))
  expect(sealed.reduce((sum, count) => sum + count, 0)).toBe(rows)
  expect(await shared.database.rpc('ledger_verify', {})).toMatchObject({ valid: true, transactions: rows })
})

test('two control planes on one server balance and seal by themselves', async () => {
  await using fresh = await createTestDatabase()
  await installProjects(fresh.database, exampleInstallation)
  const config = loadConfig({
    env: {},
    overrides: {
      http: { port: 0 },
      database: { url: fresh.url, poolSize: 4 },
      ownerKey,
      background: { sealEverySeconds: 1, rebalanceEverySeconds: 1 },
    },
  })
  await using stack = new AsyncDisposableStack()
  const planes: readonly ControlPlane[] = await Promise.all(
    [1, 2].map(() => startControlPlane({ config, logger: silentLogger })),
  )
  for (const plane of planes) stack.use(plane)
  const owner = createClient({ url: planes[0]?.url ?? '', key: ownerKey })
  const read = async (project: string) => {
    const { data } = await owner.listBudgets({ params: { project, code: project } })
    return data.find(({ account }) => account === project)
  }
  const [before] = [await read('smart_layer')]
  const limit = before?.limit ?? 0
  expect(limit).toBeGreaterThan(0)
  const body = { account: 'smart_layer', amount: limit * 0.9 }
  await owner.chargeCredits({ params: { project: 'smart_layer' }, body })

  await expect.poll(async () => (await read('smart_layer'))?.limit, { timeout: 30_000 }).toBe(limit * 1.45)
  expect(await read('manus_origin')).toMatchObject({ limit: limit - limit * 0.45, spent: 0 })
  const stats = () => owner.getLedgerStats()
  await expect
    .poll(async () => ((now) => now.sealedTx === now.transactions)(await stats()), { timeout: 30_000 })
    .toBe(true)
  expect(await owner.verifyLedger()).toMatchObject({ valid: true })
  // Several intervals later nothing has moved again.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const moves = await fresh.sql(`select from core.ledger_tx where op = 'rebalance'`)
  expect(moves).toHaveLength(1)
  expect(await owner.auditLedger()).toMatchObject({ clean: true, violations: [] })
})
