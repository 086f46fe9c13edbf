import { hostname } from 'node:os'
import {
  type CallOptions,
  type Clock,
  CoreError,
  type Deadline,
  isCoreError,
  type Logger,
  silentLogger,
  startDeadline,
  systemClock,
} from '@core/foundation'
import { type Credits, microCredits } from '../credits.ts'
import type { AccountDenial, SpendDenial } from '../outcome.ts'
import { type BootTime, systemBootTime } from './boot-time.ts'
import { createLease, SPENT } from './create-lease.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import { createJournal, type JournalFile, openJournal, readJournal, removeJournal } from './journal-file.ts'
import { lockJournal } from './journal-lock.ts'
import type { Lease, Spent } from './lease.ts'
import type { LeaseCalls, LeaseLimitDenial } from './lease-calls.ts'
import type { BoundCall } from './lease-delivery.ts'
import {
  createIntent,
  type IntentNote,
  type LeaseJournal,
  type OpenedNote,
  replayJournal,
  toFirstFrame,
  toSnapshot,
} from './lease-journal.ts'
import { createLeaseReporter, type LeaseReporter } from './lease-reporter.ts'
import { LeaseTally } from './lease-tally.ts'
import { LeaseTime, readClocks } from './lease-time.ts'

export interface OpenLeaseInput {
  /** Where the lease comes from; `createLedger({ database })` has it. */
  ledger: { readonly leases: LeaseCalls }
  account: string
  /** At most a fifth of what is available, unless the purse's metadata (`lease_max_bp`) allows otherwise. */
  amount: Credits
  /** The journal. One per lease and process; its folder is created. */
  file: string
  /** 1 to 604,800 (seven days); default one day. */
  ttlSeconds?: number | undefined
  /** Shown to people as the spender. Default: the name of this machine. */
  device?: string | undefined
  /** Spending stops this long before the end. Default: one second plus a thousandth of the lease's time. */
  marginMs?: number | undefined
  /** How often spends are reported. Default 5,000. */
  reportEveryMs?: number | undefined
  /**
   * Bytes of keys and unreported metadata at most, on disk and in memory. Default 256 MB. The file may have four times
   * that.
   */
  maxJournalBytes?: number | undefined
  /** The journal is compacted when it has this length. Default 16 MB. */
  compactBytes?: number | undefined
  clock?: Clock | undefined
  bootTime?: BootTime | undefined
  logger?: Logger | undefined
}

export type OpenLeaseOutcome = Lease | SpendDenial | AccountDenial | LeaseLimitDenial

const TIMEOUT_MS = 10_000
const DAY_SECONDS = 86_400
const MEGABYTE = 1024 * 1024
/** Spends waiting for the disk: 8 million plain ones. */
const MAX_BUFFERED_BYTES = 64 * MEGABYTE
/** Refusals after which no lease can have been opened; after anything else one may have been. */
const NOT_OPENED = new Set(['E_INVALID', 'E_FORBIDDEN', 'E_UNAUTHENTICATED', 'E_TOO_LARGE', 'E_DATABASE_SCHEMA'])

/**
 * Opens a lease, or resumes that of an existing journal, also while the database is unreachable. A journal whose lease
 * is over is first reported and closed. Returns a denial when the credits, a budget or the limit do not allow the
 * lease. Throws E_LEASE_LOCKED when another process has the journal, E_LEASE_JOURNAL when it is damaged or cannot be
 * written, E_DATABASE_UNAVAILABLE when a new lease or the time is needed and the database is unreachable (retryable:
 * call again).
 */
export async function openLease(input: OpenLeaseInput, options: CallOptions = {}): Promise<OpenLeaseOutcome> {
  const { marginMs = 0, ttlSeconds = DAY_SECONDS } = input
  if (!(marginMs >= 0 && marginMs < ttlSeconds * 1_000)) {
    throw new CoreError(
      'E_INVALID',
      `marginMs must be from 0 to below the ${ttlSeconds} s of the lease, got ${marginMs}`,
      {
        details: { field: 'marginMs' },
      },
    )
  }
  using deadline = startDeadline(`opening the lease ${input.file}`, options, TIMEOUT_MS)
  const lock = await lockJournal(input.file)
  let outcome: OpenLeaseOutcome | undefined
  try {
    const opener = createOpener(input, lock, deadline)
    // A journal whose lease is over is removed first: at most an old intent, then an old lease.
    while (outcome === undefined) outcome = await opener.next()
    return outcome
  } finally {
    if (outcome?.status !== 'leased') await lock[Symbol.asyncDispose]()
  }
}

/** A journal open for writing: its file, its length and its number of frames. */
interface OpenFile {
  file: JournalFile
  position: number
  number: number
}

interface Runtime {
  opened: OpenedNote
  tally: LeaseTally
  commit: GroupCommit<Spent>
  time: LeaseTime
  reporter: LeaseReporter
}

interface Opener {
  /** Undefined: the earlier journal is finished, call again. */
  next(): Promise<OpenLeaseOutcome | undefined>
}

function createOpener(input: OpenLeaseInput, lock: AsyncDisposable, deadline: Deadline): Opener {
  const { ledger, account, amount, file, ttlSeconds = DAY_SECONDS, device = hostname() } = input
  const { reportEveryMs = 5_000, maxJournalBytes = 256 * MEGABYTE, compactBytes = 16 * MEGABYTE } = input
  const { clock = systemClock, bootTime = systemBootTime(), logger = silentLogger } = input
  const call = (): BoundCall => ({ signal: deadline.signal, timeoutMs: Math.max(1, deadline.remainingMs()) })

  async function openNew(): Promise<OpenLeaseOutcome> {
    const intent = createIntent({ account, amount: microCredits(amount), ttlSeconds, device })
    const frame = toFirstFrame(intent, clock.now())
    const journal = { file: await createJournal(file, [frame]), position: frame.length, number: 1 }
    const asked = await ask(intent, journal, (error) => NOT_OPENED.has(error.code))
    return 'status' in asked ? asked : toLease(asked, false)
  }

  /** The process ended between the request and its answer: the same key returns that answer, or opens the lease now. */
  async function resumeIntent({ intent, end, frames }: LeaseJournal): Promise<Lease | undefined> {
    const journal = { file: await openJournal(file, end), position: end, number: frames }
    const asked = await ask(intent, journal, (error) => error.code === 'E_INVALID')
    // The answer may be old, and so is the time in it.
    return 'status' in asked ? undefined : await goOn(asked, { isTrusted: false, resumed: false })
  }

  async function ask(
    intent: IntentNote,
    journal: OpenFile,
    isNotOpened: (error: CoreError) => boolean,
  ): Promise<Runtime | Exclude<OpenLeaseOutcome, Lease>> {
    const sentAt = readClocks({ clock, bootTime })
    const { note: _, version: __, ...question } = intent
    const outcome = await ledger.leases.open(question, call()).catch(async (error: unknown) => {
      await journal.file.close()
      if (isCoreError(error) && isNotOpened(error)) await removeJournal(file)
      throw error
    })
    if (outcome.status !== 'leased') {
      await journal.file.close()
      await removeJournal(file)
      return outcome
    }
    const { lease, amount: leased, expiresAt, at } = outcome
    const time = createTime(expiresAt.getTime(), intent.ttlSeconds)
    const anchor = time.anchor(at.getTime(), sentAt)
    const opened: OpenedNote = { note: 'opened', lease, amount: leased, expiresAt: expiresAt.getTime(), anchor }
    const runtime = start(intent, opened, journal, new LeaseTally(leased), time, outcome.replayed, undefined)
    return await orClose(runtime, async () => {
      await runtime.commit.note(opened)
      return runtime
    })
  }

  async function resume(journal: LeaseJournal, opened: OpenedNote): Promise<Lease | undefined> {
    const { intent, tally, closingKey, lastSeenMs, end, frames } = journal
    const time = createTime(opened.expiresAt, intent.ttlSeconds)
    const isTrusted = time.resume(opened.anchor, lastSeenMs)
    const openFile = { file: await openJournal(file, end), position: end, number: frames }
    const runtime = start(intent, opened, openFile, tally, time, true, closingKey)
    return await goOn(runtime, { isTrusted, resumed: true })
  }

  /** The lease, if there is time left; else closes it, so that a new one can be opened. */
  async function goOn(runtime: Runtime, how: { isTrusted: boolean; resumed: boolean }): Promise<Lease | undefined> {
    const { reporter, commit, time } = runtime
    return await orClose(runtime, async () => {
      const isLive = () => !reporter.isOver && time.check() > 0
      // Over or unknown by this machine's clocks: the database's clock decides.
      if (!(how.isTrusted && isLive()) && !reporter.isOver) await reporter.synchronise(call())
      if (isLive()) return toLease(runtime, how.resumed)
      await reporter.end(call())
      await commit.close()
      await removeJournal(file)
      return undefined
    })
  }

  function start(
    intent: IntentNote,
    opened: OpenedNote,
    journal: OpenFile,
    tally: LeaseTally,
    time: LeaseTime,
    isStale: boolean,
    closingKey: string | undefined,
  ): Runtime {
    const commit = createGroupCommit({
      ...journal,
      path: file,
      receipt: SPENT,
      tally,
      now: clock.now,
      snapshot: () => {
        const anchor = time.current ?? opened.anchor
        return toSnapshot(
          { intent, opened: { ...opened, anchor }, closingKey: reporter.closingKey, tally },
          clock.now(),
        )
      },
      compactBytes,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      timeoutMs: TIMEOUT_MS,
      logger,
    })
    const reporter = createLeaseReporter({
      lease: opened.lease,
      calls: ledger.leases,
      tally,
      commit,
      time,
      clock,
      logger,
      reportEveryMs,
      isStale,
      closingKey,
    })
    return { opened, tally, commit, time, reporter }
  }

  function createTime(expiresAt: number, ttl: number): LeaseTime {
    const { marginMs = Math.min(1_000 + ttl, ttl * 500) } = input
    return new LeaseTime({ clock, bootTime, expiresAt, marginMs })
  }

  function toLease({ opened, reporter, ...parts }: Runtime, resumed: boolean): Lease {
    const expiresAt = new Date(opened.expiresAt)
    const lease = createLease({
      ...parts,
      id: opened.lease,
      account,
      expiresAt,
      resumed,
      file,
      lock,
      reporter,
      clock,
      logger,
      maxJournalBytes,
    })
    reporter.start()
    return lease
  }

  return {
    async next() {
      const bytes = await readJournal(file)
      if (bytes === undefined) return await openNew()
      const journal = replayJournal(bytes, file)
      if (journal.intent.account !== account) throw otherAccount(file, journal.intent.account, account)
      if (journal.closed) {
        await removeJournal(file)
        return undefined
      }
      return journal.opened ? await resume(journal, journal.opened) : await resumeIntent(journal)
    },
  }
}

async function orClose<Value>({ commit }: Runtime, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    await commit.close().catch(() => undefined)
    throw error
  }
}

function otherAccount(file: string, theirs: string, ours: string): CoreError {
  return new CoreError('E_CONFLICT', `the journal ${file} belongs to the account ${theirs}, not to ${ours}`, {
    fix: 'Give each account a journal of its own.',
    details: { reason: 'lease_of_another_account', file, account: theirs },
  })
}
