import { callable, ledgerStats } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

export interface LedgerMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock?: Pick<Clock, 'monotonic'>
}

/** How long one reading serves every scrape, so that scraping often costs the database nothing. */
const sharedForMs = 5000
const timeoutMs = 2000

/** A member of `core_api.ledger_stats` and the gauge it fills. */
const gaugesByMember = {
  accounts: ['core_ledger_accounts', 'Accounts of customers, without the ledger’s own.'],
  frozen: ['core_ledger_accounts_frozen', 'Accounts that are frozen.'],
  in_debt: ['core_ledger_accounts_in_debt', 'Accounts whose available credits are below zero.'],
  balance: ['core_ledger_balance_microcredits', 'Settled credits of all accounts, in millionths of a credit.'],
  held: ['core_ledger_held_microcredits', 'Credits that open holds have set aside, in millionths of a credit.'],
  open_holds: ['core_ledger_holds_open', 'Holds that are neither settled nor voided.'],
  due_holds: ['core_ledger_holds_due', 'Open holds past their time, which the expiry has yet to give back.'],
  oldest_due_s: ['core_ledger_hold_oldest_due_seconds', 'How long the oldest of them has been due.'],
  transactions: ['core_ledger_transactions', 'The id of the latest transaction.'],
  sealed_tx: ['core_ledger_sealed_transaction', 'The id of the latest transaction under a seal; 0 without a seal.'],
  alerts: ['core_ledger_alerts', 'The id of the latest alert of a budget.'],
} as const

/**
 * The ledger in figures, read at each scrape. While the database does not answer they are NaN: the last known value
 * would look like an idle ledger.
 */
export function registerLedgerMetrics(dependencies: LedgerMetricsDependencies): void {
  const { registry, database, logger, clock = systemClock } = dependencies
  const registers = [registry]
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined
  /** Asked by every gauge of a scrape; one reading answers them all. Never fails, takes two seconds at most. */
  const collect = (): Promise<void> => {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: read() }
    return last.reading
  }
  const members = Object.keys(gaugesByMember) as (keyof typeof gaugesByMember)[]
  const gauges = members.map((member) => {
    const [name, help] = gaugesByMember[member]
    return { member, gauge: new Gauge({ name, help, registers, collect }) }
  })
  const sealedAt = new Gauge({
    name: 'core_ledger_sealed_timestamp_seconds',
    help: 'When the latest seal was made, in Unix time; 0 without a seal.',
    registers,
    collect,
  })
  const isUp = new Gauge({
    name: 'core_ledger_stats_up',
    help: '1 where the figures of the ledger could be read, 0 where they could not and are NaN.',
    registers,
    collect,
  })

  async function read(): Promise<void> {
    try {
      const stats = await callable(database, ledgerStats)({}, { timeoutMs })
      for (const { member, gauge } of gauges) gauge.set(stats[member])
      sealedAt.set(stats.sealed_at === null ? 0 : Date.parse(stats.sealed_at) / 1000)
      isUp.set(1)
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of the ledger could not be read')
      for (const { gauge } of gauges) gauge.set(Number.NaN)
      sealedAt.set(Number.NaN)
      isUp.set(0)
    }
  }
}
