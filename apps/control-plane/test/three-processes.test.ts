import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { expect, test, vi } from 'vitest'
import { type RunningProgram, startProgram } from './start-program.ts'

vi.setConfig({ testTimeout: 180_000 }) // three programs start slowly on a busy machine

const ownerKey = 'owner-key-of-three-processes-0123456789'
const everySeconds = 2
const rounds = 5

/** How often the program has looked for something to balance; 0 before it serves its metrics. */
async function readRuns({ output }: RunningProgram): Promise<number> {
  const [, port] = /"metricsPort":(\d+)/.exec(output()) ?? []
  if (port === undefined) return 0
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  const [, runs] = /^core_loop_runs_total\{[^}]*loop="rebalancing"[^}]*\} (\d+)/m.exec(await response.text()) ?? []
  return Number(runs ?? 0)
}

test('three control planes, each a process, balance what is due once in an interval', async () => {
  await using stack = new AsyncDisposableStack()
  const on = await createTestDatabase({ poolSize: 2 })
  stack.defer(() => on.drop())
  const { database } = on
  await database.rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'pool', p_kind: 'pool' })
  await database.rpc('ledger_grant', { p_key: uuidv7(), p_account: 'pool', p_amount: 4_000_000 })
  for (const p_account of ['left', 'right']) {
    await database.rpc('ledger_account_open', { p_key: uuidv7(), p_account, p_parent: 'pool', p_funding: 'parent' })
    const budget = { p_name: 'daily', p_period: 'total', p_limit: 1_000_000 }
    await database.rpc('ledger_budget_set', { p_key: uuidv7(), p_account, ...budget })
  }
  const planes = await Promise.all(
    [1, 2, 3].map(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'core-three-'))
      stack.defer(() => rm(folder, { recursive: true, force: true }))
      const plane = await startProgram(folder, {
        CORE_DATABASE_URL: on.url,
        CORE_OWNER_KEY: ownerKey,
        CORE_METRICS_PORT: '0',
        CORE_BACKGROUND_REBALANCE_EVERY_SECONDS: String(everySeconds),
      })
      stack.defer(async () => {
        const ended = once(plane.child, 'exit')
        plane.child.kill('SIGKILL')
        await ended
      })
      return plane
    }),
  )
  // Each of them looks, so each of them could move.
  for (const plane of planes) await expect.poll(() => readRuns(plane), { timeout: 60_000 }).toBeGreaterThan(0)

  const readMoves = () => on.sql(`select key from core.ledger_tx where op = 'rebalance' order by id`)
  for (let round = 1; round <= rounds; round++) {
    const [left] = await on.sql(`select b.limit_amount + coalesce(w.moved, 0) - coalesce(w.spent, 0) as rest
      from core.ledger_budget b join core.ledger_account a on a.id = b.account_id left join core.ledger_window w on w.budget_id = b.id
      where a.code = 'left'`)
    const p_amount = Math.floor(Number(left?.['rest']) * 0.9)
    await database.rpc('ledger_charge', { p_key: uuidv7(), p_account: 'left', p_amount })
    await expect.poll(async () => (await readMoves()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(round)
  }
  const intervals = (await readMoves()).map(({ key }) => String(key).split(':')[2])
  expect(intervals).toHaveLength(rounds)
  expect(new Set(intervals).size).toBe(rounds)
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ clean: true, violations: [] })
})
