import { CoreError, isCoreError, type Logger, raceSignal, uuidv7 } from '@core/foundation'
import { type Credits, microCredits } from '../credits.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LeaseCalls } from './lease-calls.ts'
import { isEmpty, type LeaseTally, toItems } from './lease-tally.ts'
import type { LeaseTime } from './lease-time.ts'

export interface LeaseDeliveryOptions {
  lease: string
  calls: LeaseCalls
  tally: LeaseTally
  commit: GroupCommit<unknown>
  time: LeaseTime
  logger: Logger
  /** Whether the database's time is needed first, because the clocks of an earlier process could not be trusted. */
  isStale: boolean
  closingKey: string | undefined
}

/** The deadline of a whole call, and the limit of each database call in it. */
export interface BoundCall {
  signal: AbortSignal
  timeoutMs: number
}

/**
 * The calls of a lease to the database, with what they found out. Never two at once: a number may not overtake another.
 */
export interface LeaseDelivery {
  /** Set when the database refuses this lease for good: its reports can never be delivered. */
  readonly refusal: CoreError | undefined
  /** The key of a close that may have been sent. */
  readonly closingKey: string | undefined
  /** Set when the lease has ended in the database. */
  readonly ended: { reported: Credits; released: Credits } | undefined
  /** Whether the database's time is needed, because this machine's clocks cannot be trusted. */
  readonly isStale: boolean
  markStale(): void
  /** Reports everything spent so far. */
  deliverAll(call: BoundCall): Promise<void>
  /** Asks the database for the time. */
  synchronise(call: BoundCall): Promise<void>
  /** Reports everything and closes the lease in the database. Spending has stopped. */
  end(call: BoundCall): Promise<void>
}

/** Errors that a retry cannot fix. All others (unavailable, busy, a revoked key, a missing function) may pass. */
const FINAL = new Set(['E_NOT_FOUND', 'E_IDEMPOTENCY_MISMATCH', 'E_INVALID', 'E_TOO_LARGE'])

/** Reports what a lease has spent: in order, each number once. */
export function createLeaseDelivery(options: LeaseDeliveryOptions): LeaseDelivery {
  const { lease, calls, tally, commit, time, logger } = options
  let { closingKey, isStale } = options
  let refusal: CoreError | undefined
  let ended: LeaseDelivery['ended']

  async function deliverAll(call: BoundCall): Promise<void> {
    if (!isEmpty(tally.open)) void commit.cut(tally.lastSeq + 1)
    const until = tally.lastSeq
    while (tally.ackedSeq < until) await deliverOldest(call)
  }

  async function deliverOldest(call: BoundCall): Promise<void> {
    if (refusal) throw refusal
    const part = tally.waiting[0]
    if (part?.seq === undefined) return
    // Not before the cut is on disk: after a crash the number must have the same spends.
    await raceSignal(commit.flush(), call.signal)
    const sentAt = time.read()
    const outcome = await calls.report({ lease, seq: part.seq, items: toItems(part) }, call).catch((error: unknown) => {
      if (isCoreError(error, 'E_IDEMPOTENCY_MISMATCH')) return catchUp(error, call)
      return refuseFinal(error)
    })
    if (outcome === 'caught up') return
    if (outcome.status !== 'reported') {
      const facts = outcome.status === 'lease_gap' ? { seq: outcome.seq, expected: outcome.expected } : {}
      throw refuse(outcome.status, facts)
    }
    acknowledge(part.seq)
    if (outcome.replayed) isStale = true
    else anchor(outcome.at, sentAt)
    logger.debug({ lease, seq: part.seq, charged: outcome.charged }, 'reported a part of a credit lease')
  }

  /**
   * The database has this number with other items. Where its own total equals what the journal says was reported up to
   * there, every amount has arrived and only the metadata differs: journals from before 0.2 could differ in this way
   * from what was sent, because metadata was kept by reference.
   */
  async function catchUp(mismatch: CoreError, call: BoundCall): Promise<'caught up'> {
    const { seq, reported } = await calls.get(lease, call)
    const accepted = tally.waiting.filter((part) => part.seq !== undefined && part.seq <= seq)
    const total = accepted.reduce((sum, part) => sum + part.total, tally.reported)
    if (accepted.length === 0 || total !== reported) return refuseFinal(mismatch)
    logger.warn({ lease, seq, err: mismatch }, 'reports were accepted before with other metadata; the amounts agree')
    for (const part of accepted) acknowledge(part.seq ?? seq)
    return 'caught up'
  }

  function acknowledge(seq: number): void {
    tally.ack(seq)
    void commit.note({ note: 'acked', seq })
  }

  function anchor(serverAt: Date, sentAt: ReturnType<LeaseTime['read']>): void {
    isStale = false
    void commit.note({ note: 'anchor', anchor: time.anchor(serverAt.getTime(), sentAt) })
  }

  async function synchronise(call: BoundCall): Promise<void> {
    const sentAt = time.read()
    const facts = await calls.get(lease, call).catch(refuseFinal)
    if (facts.state === 'closed' && closingKey === undefined) {
      if (tally.unreported > 0) throw refuse('hold_closed', { state: facts.state })
      logger.warn({ lease }, 'a credit lease was closed by another caller; everything was reported')
      setEnded(microCredits(0))
    }
    anchor(facts.at, sentAt)
  }

  async function end(call: BoundCall): Promise<void> {
    if (ended) return
    while (tally.unreported > 0) await deliverAll(call)
    if (closingKey === undefined) {
      closingKey = uuidv7()
      void commit.note({ note: 'closing', key: closingKey })
    }
    await raceSignal(commit.flush(), call.signal)
    const outcome = await calls.close({ key: closingKey, lease }, call).catch(refuseFinal)
    // Closed by another caller after everything was reported: the result is the same.
    setEnded(outcome.status === 'closed' ? outcome.released : microCredits(0))
  }

  function setEnded(released: Credits): void {
    ended = { reported: microCredits(tally.reported), released }
    void commit.note({ note: 'closed' })
  }

  function refuseFinal(error: unknown): never {
    if (isCoreError(error) && FINAL.has(error.code)) throw refuse(error.code, error.details, error)
    throw error
  }

  function refuse(reason: string, facts: object, cause?: unknown): CoreError {
    refusal = new CoreError('E_CONFLICT', `the database refuses the reports of the lease ${lease}: ${reason}`, {
      cause,
      fix: 'Keep the journal, compare it with ledger_lease_get, and charge what is missing manually.',
      details: { ...facts, reason: 'lease_refused', refusal: reason, lease, unreported: tally.unreported },
    })
    logger.error({ err: refusal, lease }, 'the database refuses the reports of a credit lease')
    return refusal
  }

  return {
    get refusal() {
      return refusal
    },
    get closingKey() {
      return closingKey
    },
    get ended() {
      return ended
    },
    get isStale() {
      return isStale
    },
    markStale() {
      isStale = true
    },
    deliverAll,
    synchronise,
    end,
  }
}
