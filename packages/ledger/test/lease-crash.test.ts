import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { killAndReconcile, reconcile } from './kill-and-reconcile.ts'
import { type LeaseDatabase, openLeaseDatabase } from './lease-database.ts'
import { type Acknowledged, addAcknowledged, startLeaseProcess } from './lease-process.ts'

let base: LeaseDatabase
let folder: string
let account: string
beforeAll(async () => {
  base = await openLeaseDatabase()
  folder = await mkdtemp(join(tmpdir(), 'core-crash-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await base.drop()
})
beforeEach(async ({ task }) => {
  account = `smart_layer/${task.id}`
  await base.call('ledger_account_open', { p_key: account, p_account: account, p_kind: 'user' })
  await base.call('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: 500_000_000 })
})

const job = (name: string) => ({
  url: base.url,
  file: join(folder, `${account.split('/')[1]}.journal`),
  account,
  amount: 50_000_000,
  name,
  workers: 8,
  plain: 0,
})

/** `lease-crash.soak.test.ts` kills 200. */
test('processes killed in mid-spend, again and again, lose nothing and report nothing twice', async () => {
  await killAndReconcile(base, folder, 6)
})

test('two processes cannot share a journal; a killed one leaves it to the next', async () => {
  const first = startLeaseProcess({ ...job('first'), pauseMs: 5 })
  await first.says('key')
  const second = startLeaseProcess(job('second'))
  await second.ended()
  expect(second.lines).toEqual([`failed E_LEASE_LOCKED ${first.pid}`])
  await first.kill()
  const third = startLeaseProcess({ ...job('third'), pauseMs: 5 })
  expect(await third.says('leased')).toBe(first.lines[0])
  await third.says('key')
  await third.kill()
  const acknowledged: Acknowledged = { total: 0, keys: new Map() }
  for (const { lines } of [first, third]) addAcknowledged(acknowledged, lines)
  await reconcile(base, job(''), acknowledged)
})

test('a full disk is a clear error; what was acknowledged before is reported later', async () => {
  const child = startLeaseProcess(job('full'), { limitBlocks: 36 })
  await child.ended()
  expect(child.lines.at(-1)).toBe('failed E_LEASE_JOURNAL disk_full')
  const acknowledged: Acknowledged = { total: 0, keys: new Map() }
  addAcknowledged(acknowledged, child.lines)
  expect(acknowledged.keys.size).toBeGreaterThan(10)
  await reconcile(base, job(''), acknowledged)
})
