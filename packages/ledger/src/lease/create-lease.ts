import {
  type CallOptions,
  type Clock,
  CoreError,
  isCoreError,
  type Logger,
  raceSignal,
  type Storable,
  startDeadline,
} from '@core/foundation'
import { microCredits } from '../credits.ts'
import { copyMetadata } from '../metadata.ts'
import { copyKey } from '../operation.ts'
import type { GroupCommit } from './group-commit.ts'
import { removeJournal } from './journal-file.ts'
import { encodeDetail } from './journal-record.ts'
import type { Lease, LeaseDetached, LeaseEnded, LeaseState, SpendFacts, SpendOutcome, Spent } from './lease.ts'
import type { LeaseReporter } from './lease-reporter.ts'
import type { LeaseTally } from './lease-tally.ts'
import type { LeaseTime } from './lease-time.ts'

export interface LeaseParts {
  id: string
  account: string
  expiresAt: Date
  resumed: boolean
  file: string
  lock: AsyncDisposable
  tally: LeaseTally
  commit: GroupCommit<Spent>
  time: LeaseTime
  reporter: LeaseReporter
  clock: Clock
  logger: Logger
  maxJournalBytes: number
}

export const SPENT: Spent = Object.freeze({ status: 'spent', replayed: false })
const SPENT_BEFORE: Spent = Object.freeze({ status: 'spent', replayed: true })

const TIMEOUT_MS = 10_000
/** Of a spend's metadata, as JSON. */
const MAX_METADATA_BYTES = 16 * 1024

/** A lease from its open parts. Owns them: `close` and `detach` free the journal and its lock. */
export function createLease(parts: LeaseParts): Lease {
  const { id, account, file, tally, commit, time, reporter, clock, logger } = parts
  let leaving: Promise<CoreError | undefined> | undefined
  /** Of the spend that `take` counted last. */
  let durable: Promise<Spent> = Promise.resolve(SPENT)

  /** Runs 500,000 times a second and more for plain spends: it allocates nothing. */
  function take(amount: number, facts: SpendFacts | undefined): SpendOutcome {
    if (!(amount > 0 && Number.isSafeInteger(amount))) throw invalidAmount(amount)
    if (facts !== undefined && (facts.key !== undefined || facts.metadata !== undefined)) {
      return takeDetailed(amount, facts)
    }
    const denial = deny(amount, clock.now())
    if (denial) return denial
    commit.assertRoom(0)
    durable = commit.spend(amount)
    return SPENT
  }

  function takeDetailed(amount: number, { key, metadata }: SpendFacts): SpendOutcome {
    if (key !== undefined) copyKey(key)
    const kept = metadata === undefined ? undefined : copyMetadata(metadata)
    const known = key === undefined ? undefined : tally.keys.get(key)
    if (known !== undefined) {
      assertUsable()
      if (known !== amount) throw mismatch(id, known, amount)
      durable = commit.flush()
      durable.catch(() => undefined) // a buffered spend does not wait; the failure shows in the next call
      return SPENT_BEFORE
    }
    const at = clock.now()
    const denial = deny(amount, at)
    if (denial) return denial
    const body = encodeDetail({ key, at, metadata: kept })
    if (body.length > MAX_METADATA_BYTES) assertSmall(kept)
    if (tally.liveBytes + body.length > parts.maxJournalBytes) throw full(file, parts.maxJournalBytes)
    commit.assertRoom(body.length)
    durable = commit.detail(amount, key, body)
    if (tally.isFull()) {
      void commit.cut(tally.lastSeq + 1)
      reporter.wake()
    }
    return SPENT
  }

  function deny(amount: number, nowMs: number): SpendOutcome | undefined {
    assertUsable()
    if (time.isUp(nowMs) || reporter.isOver) {
      return { status: 'lease_expired', expiresAt: parts.expiresAt }
    }
    if (amount <= tally.amount - tally.spent) return undefined
    return { status: 'lease_exhausted', requested: microCredits(amount), remaining: lease.remaining }
  }

  function assertUsable(): void {
    if (leaving) throw new CoreError('E_CLOSED', `the lease ${id} was closed before this call`)
    const fault = lease.fault
    if (fault) throw fault
  }

  /** Stops, closes the lease in the database when `isEnd`, frees the journal. Returns the first failure. */
  async function leave(options: CallOptions, isEnd: boolean): Promise<CoreError | undefined> {
    let cause: unknown
    try {
      using deadline = startDeadline(`closing the lease ${id}`, options, TIMEOUT_MS)
      const { signal } = deadline
      await raceSignal(reporter.stop(), signal)
      await raceSignal(commit.flush(), signal)
      if (isEnd && !reporter.ended) {
        if (reporter.refusal) throw reporter.refusal
        await reporter.end({ signal, timeoutMs: Math.max(1, deadline.remainingMs()) })
      }
    } catch (error) {
      cause = error
    }
    try {
      // With its own deadline: the lock must be released even when the database used up the caller's.
      await within(`closing the journal ${file}`, freeJournal(), {})
    } catch (error) {
      cause ??= error
    }
    if (cause === undefined || isCoreError(cause)) return cause
    return new CoreError('E_INTERNAL', `the lease ${id} could not be closed`, { cause })
  }

  async function freeJournal(): Promise<void> {
    try {
      await commit.close()
      if (reporter.ended) await removeJournal(file)
    } finally {
      await parts.lock[Symbol.asyncDispose]()
    }
  }

  const lease: Lease = {
    status: 'leased',
    id,
    account,
    amount: microCredits(tally.amount),
    expiresAt: parts.expiresAt,
    resumed: parts.resumed,
    get state(): LeaseState {
      if (leaving) return 'closed'
      if (commit.failure) return 'failed'
      if (reporter.refusal) return 'refused'
      return time.check() === 0 || reporter.isOver ? 'expired' : 'open'
    },
    get fault() {
      return commit.failure ?? reporter.refusal
    },
    get remaining() {
      return microCredits(tally.amount - tally.spent)
    },
    get spent() {
      return microCredits(tally.spent)
    },
    get unreported() {
      return microCredits(tally.unreported)
    },
    spend(amount, facts, options) {
      try {
        options?.signal?.throwIfAborted()
        const outcome = take(amount, facts)
        if (outcome.status !== 'spent') return Promise.resolve(outcome)
        const done = outcome.replayed ? durable.then(() => outcome) : durable
        return options === undefined ? done : within(`spending from the lease ${id}`, done, options)
      } catch (error) {
        return Promise.reject(error)
      }
    },
    spendBuffered: take,
    async flush(options = {}) {
      await within(`flushing the lease ${id}`, commit.flush(), options)
    },
    async report(options = {}) {
      assertUsable()
      using deadline = startDeadline(`reporting the lease ${id}`, options, TIMEOUT_MS)
      await reporter.report({ signal: deadline.signal, timeoutMs: deadline.remainingMs() })
    },
    async detach(options = {}) {
      leaving ??= leave(options, false)
      const fault = await leaving
      if (fault) throw fault
    },
    async close(options = {}): Promise<LeaseEnded | LeaseDetached> {
      leaving ??= leave(options, true)
      const fault = await leaving
      if (reporter.ended) return { status: 'closed', ...reporter.ended }
      const cause = fault ?? new CoreError('E_CLOSED', `the lease ${id} was detached before`)
      logger.warn(
        { err: cause, lease: id, unreported: lease.unreported },
        'a credit lease was detached: its journal keeps what is unreported',
      )
      return { status: 'detached', unreported: lease.unreported, cause }
    },
    async [Symbol.asyncDispose]() {
      await lease.close()
    },
  }
  return lease
}

/** Bounds a wait by the caller's signal and time. */
async function within<Value>(what: string, work: Promise<Value>, options: CallOptions): Promise<Value> {
  using deadline = startDeadline(what, options, TIMEOUT_MS)
  return await raceSignal(work, deadline.signal)
}

function assertSmall(metadata: Storable | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata) ?? '')
  if (bytes <= MAX_METADATA_BYTES) return
  throw new CoreError('E_TOO_LARGE', `metadata has ${bytes} bytes, at most ${MAX_METADATA_BYTES} are kept`, {
    fix: 'Keep large facts in your own tables and put their id here.',
    details: { field: 'metadata', maxBytes: MAX_METADATA_BYTES },
  })
}

function invalidAmount(amount: unknown): CoreError {
  return new CoreError('E_INVALID', `amount must be whole micro-credits from 1 to 2^53 - 1, got ${String(amount)}`, {
    fix: 'Convert a price with credits(2.5), which rounds up once.',
    details: { reason: 'invalid_amount', field: 'amount' },
  })
}

function mismatch(lease: string, known: number, amount: number): CoreError {
  return new CoreError('E_IDEMPOTENCY_MISMATCH', `the key spent ${known} of the lease ${lease} before, not ${amount}`, {
    fix: 'Send the first amount again, or a new key for a new effect.',
    details: { reason: 'idempotency_mismatch', fields: ['amount'] },
  })
}

function full(file: string, maxBytes: number): CoreError {
  return new CoreError('E_LEASE_JOURNAL', `keys and metadata of the lease need more than ${maxBytes} bytes`, {
    fix: 'Spend without key and metadata, report, or close the lease and open another one.',
    details: { reason: 'journal_full', file, maxBytes },
  })
}
