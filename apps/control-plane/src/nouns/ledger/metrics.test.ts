import { CoreError, silentLogger } from '@core/foundation'
import { Registry } from '@platformatic/prom-client'
import { expect, test } from 'vitest'
import { registerLedgerMetrics } from './metrics.ts'

const stats = {
  ok: true,
  accounts: 3,
  frozen: 0,
  in_debt: 0,
  held: 0,
  balance: 7,
  open_holds: 0,
  due_holds: 0,
  oldest_due_s: 0,
  transactions: 9,
  sealed_tx: 4,
  sealed_at: '2026-11-20T00:00:00Z',
  alerts: 0,
}

function open(answer: () => Promise<typeof stats>) {
  const registry = new Registry()
  let now = 0
  let asked = 0
  const rpc = () => {
    asked++
    return answer()
  }
  registerLedgerMetrics({
    registry,
    database: { rpc },
    logger: silentLogger,
    clock: { monotonic: () => now },
  })
  return {
    registry,
    asked: () => asked,
    pass: (ms: number) => {
      now += ms
    },
    line: async (name: string) => (await registry.metrics()).split('\n').find((line) => line.startsWith(`${name} `)),
  }
}

test('one reading serves every scrape of five seconds', async () => {
  const { registry, asked, pass, line } = open(async () => stats)
  await Promise.all([registry.metrics(), registry.metrics()])
  pass(4999)
  await registry.metrics()
  expect(asked()).toBe(1)
  pass(2)
  await registry.metrics()
  expect(asked()).toBe(2)
  expect(await line('core_ledger_balance_microcredits')).toBe('core_ledger_balance_microcredits 7')
  expect(await line('core_ledger_sealed_timestamp_seconds')).toBe(
    `core_ledger_sealed_timestamp_seconds ${Date.parse(stats.sealed_at) / 1000}`,
  )
})

test('a database that is away leaves no stale figure and fails no scrape', async () => {
  let isAway = false
  const { registry, pass, line } = open(async () => {
    if (isAway) throw new CoreError('E_DATABASE_UNAVAILABLE', 'away')
    return stats
  })
  await registry.metrics()
  expect(await line('core_ledger_stats_up')).toBe('core_ledger_stats_up 1')
  isAway = true
  pass(6000)
  await registry.metrics()
  expect(await line('core_ledger_stats_up')).toBe('core_ledger_stats_up 0')
  expect(await line('core_ledger_balance_microcredits')).toMatch(/ Nan$/i)
  isAway = false
  pass(6000)
  await registry.metrics()
  expect(await line('core_ledger_balance_microcredits')).toBe('core_ledger_balance_microcredits 7')
})
