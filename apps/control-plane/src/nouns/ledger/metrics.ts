import { callable, ledgerStats } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** The ledger in figures, read at a scrape. */
export function registerLedgerMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'the ledger',
    gauges: {
      accounts: { name: 'core_ledger_accounts', help: 'Accounts of customers, without the ledger’s own.' },
      frozen: { name: 'core_ledger_accounts_frozen', help: 'Accounts that are frozen.' },
      in_debt: { name: 'core_ledger_accounts_in_debt', help: 'Accounts whose available credits are below zero.' },
      balance: {
        name: 'core_ledger_balance_microcredits',
        help: 'Settled credits of all accounts, in millionths of a credit.',
      },
      held: {
        name: 'core_ledger_held_microcredits',
        help: 'Credits that open holds have set aside, in millionths of a credit.',
      },
      open_holds: { name: 'core_ledger_holds_open', help: 'Holds that are neither settled nor voided.' },
      due_holds: {
        name: 'core_ledger_holds_due',
        help: 'Open holds past their time, which the expiry has yet to give back.',
      },
      oldest_due_s: { name: 'core_ledger_hold_oldest_due_seconds', help: 'How long the oldest of them has been due.' },
      transactions: { name: 'core_ledger_transactions', help: 'The id of the latest transaction.' },
      sealed_tx: {
        name: 'core_ledger_sealed_transaction',
        help: 'The id of the latest transaction under a seal; 0 without a seal.',
      },
      alerts: { name: 'core_ledger_alerts', help: 'The id of the latest alert of a budget.' },
      sealed_at: {
        name: 'core_ledger_sealed_timestamp_seconds',
        help: 'When the latest seal was made, in Unix time; 0 without a seal.',
      },
      up: {
        name: 'core_ledger_stats_up',
        help: '1 where the figures of the ledger could be read, 0 where they could not and are NaN.',
        away: 0,
      },
    },
    async read(options) {
      const stats = await callable(dependencies.database, ledgerStats)({}, options)
      return { ...stats, sealed_at: stats.sealed_at === null ? 0 : Date.parse(stats.sealed_at) / 1000, up: 1 }
    },
  })
}
