import type { CallOptions, CoreError } from '@core/foundation'
import type { Credits } from '../credits.ts'
import type { Metadata } from '../metadata.ts'

/** Optional facts of a spend. Spends without them are reported as one sum. */
export interface SpendFacts {
  /**
   * Names the effect (1 to 200 characters): within its lease the same key is spent once, also after a crash. Another
   * amount with the same key is E_IDEMPOTENCY_MISMATCH; the metadata of a repetition is ignored.
   */
  key?: string | undefined
  /** At most 16 KB of JSON. */
  metadata?: Metadata | undefined
}

export interface Spent {
  status: 'spent'
  /** True when the key had been spent before: nothing was spent this time. */
  replayed: boolean
}
/** The lease has less than that left; nothing was spent. */
export interface LeaseExhausted {
  status: 'lease_exhausted'
  requested: Credits
  remaining: Credits
}
/** The time to spend is over, by the clock that is furthest ahead; nothing was spent. */
export interface LeaseExpired {
  status: 'lease_expired'
  expiresAt: Date
}
export type SpendOutcome = Spent | LeaseExhausted | LeaseExpired

/** The database has every spend, and the rest went back. */
export interface LeaseEnded {
  status: 'closed'
  reported: Credits
  released: Credits
}
/** The database was away, or the journal or a report failed: the file keeps what is unreported for the next `openLease`. */
export interface LeaseDetached {
  status: 'detached'
  unreported: Credits
  cause: CoreError
}

/**
 * open: may be spent, while something remains. expired: its time is over; unreported spends are still reported.
 * failed: its journal cannot be written. refused: the database refuses its reports for good. closed: by `close` or `detach`.
 */
export type LeaseState = 'open' | 'expired' | 'failed' | 'refused' | 'closed'

/**
 * Credits set aside in the database and spent here, without asking it. Never spends more than its amount. Spends are in
 * a journal on disk before they count, are reported in the background, and survive a killed process.
 */
export interface Lease extends AsyncDisposable {
  /** Distinguishes a lease from a denial. */
  readonly status: 'leased'
  readonly id: string
  readonly account: string
  readonly amount: Credits
  /** By the database's clock. Spending stops `marginMs` before. */
  readonly expiresAt: Date
  /** Whether the journal existed before: this is the lease of an earlier process. */
  readonly resumed: boolean
  readonly state: LeaseState
  /** Why it failed or is refused. */
  readonly fault: CoreError | undefined
  readonly remaining: Credits
  readonly spent: Credits
  /** Spent, and not yet known to be in the database. */
  readonly unreported: Credits

  /**
   * Spends, and resolves when the spend is on disk (fdatasync): it then survives the process and the machine. Spends of
   * the same moment share one sync. Rejects with E_LEASE_JOURNAL or E_TIMEOUT when the disk fails: the spend may then be
   * reported or not, and counts as spent here; with a key it can safely be repeated. An abort ends the waiting, not the spend.
   */
  spend(amount: Credits, facts?: SpendFacts, options?: CallOptions): Promise<SpendOutcome>
  /**
   * Spends at once, in memory; the disk follows within one sync, usually milliseconds. A process killed before that
   * loses the spend: work done, credits not charged. `flush` closes the gap.
   */
  spendBuffered(amount: Credits, facts?: SpendFacts): SpendOutcome
  /** Resolves when everything spent so far is on disk. */
  flush(options?: CallOptions): Promise<void>
  /** Reports everything spent so far, now. Throws when the database is unreachable; the background continues to try. */
  report(options?: CallOptions): Promise<void>
  /** Stops and leaves the lease open, for the next `openLease` with this file. */
  detach(options?: CallOptions): Promise<void>
  /** Reports the rest, gives back what remains, removes the journal. Detaches where the database is away. */
  close(options?: CallOptions): Promise<LeaseEnded | LeaseDetached>
}
