import { CoreError } from '@core/foundation'
import { toJournalError } from './journal-error.ts'
import type { JournalNote } from './journal-note.ts'
import { bodyBytes, encodeNote, type RecordSink } from './journal-record.ts'
import { createJournalWriter, type JournalWriterOptions } from './journal-writer.ts'
import { createRecordGroups, type RecordGroup } from './record-groups.ts'

export interface GroupCommitOptions<Receipt> extends JournalWriterOptions {
  /** What every caller gets when its record is on disk. */
  receipt: Receipt
  /** Gets every record when it is appended, exactly as a reader of the file would. */
  tally: Omit<RecordSink, 'note'>
  now: () => number
  /** The frames of a journal that begins with the present state; called when the file has grown too long. */
  snapshot: () => Buffer[]
  /** Bytes that may wait for the disk. */
  maxBufferedBytes: number
  /** How long a record may wait for the disk before it fails with E_TIMEOUT. */
  timeoutMs: number
}

/** Appends records in memory at once; the promise each returns resolves when it is on disk. */
export interface GroupCommit<Receipt> {
  spend(amount: number): Promise<Receipt>
  /** `body` as `encodeDetail` made it. */
  detail(amount: number, key: string | undefined, body: Buffer): Promise<Receipt>
  cut(seq: number): Promise<Receipt>
  note(note: JournalNote): Promise<Receipt>
  /** Throws unless that many further bytes may wait: call it before anything is counted. */
  assertRoom(bytes: number): void
  /** Resolves when everything appended so far is on disk. */
  flush(): Promise<Receipt>
  /** Why nothing can be written any more. */
  readonly failure: CoreError | undefined
  /** Writes what is waiting, then closes the file. */
  close(): Promise<void>
}

/**
 * Group commit: what is appended while a write is on its way to the disk goes with the next one, in one frame with one
 * fdatasync; a single record goes at the end of its turn of the event loop. Frames follow each other strictly: the next
 * is written when the one before is on disk, so that a crash can tear only the last. After a failed write or sync the
 * journal is closed to writes, because it is unknown what the disk kept: reopen the file.
 */
export function createGroupCommit<Receipt>(options: GroupCommitOptions<Receipt>): GroupCommit<Receipt> {
  const { path, receipt, tally, now, snapshot, maxBufferedBytes, timeoutMs, logger } = options
  const writer = createJournalWriter(options)
  const groups = createRecordGroups<Receipt>({ path, now, timeoutMs, onBegin: schedule })
  let scheduled = false
  let pumping: Promise<void> | undefined
  let inFlight: Promise<Receipt> | undefined
  let failure: CoreError | undefined
  let closed = false

  function groupFor(bytes: number): RecordGroup<Receipt> {
    if (failure) throw failure
    if (closed) throw new CoreError('E_CLOSED', `the journal ${path} is closed`)
    return groups.groupFor(bytes)
  }

  function assertRoom(bytes: number): void {
    if (failure) throw failure
    if (groups.sealedBytes + bytes > maxBufferedBytes) throw behind(path, groups.sealedBytes)
  }

  function schedule(): void {
    if (scheduled || pumping) return
    scheduled = true
    // After this turn of the event loop: callers that a finished write has resumed can join.
    setImmediate(() => {
      scheduled = false
      pumping ??= pump().finally(() => {
        pumping = undefined
        inFlight = undefined
        if (!groups.isEmpty && !failure) schedule()
      })
    })
  }

  async function pump(): Promise<void> {
    try {
      for (;;) {
        if (writer.isLong) await compact()
        const group = groups.next()
        if (!group) return
        await write(group)
      }
    } catch (error) {
      failure = toJournalError(path, 'write to', error)
      logger.error({ err: failure, file: path }, 'lease journal closed after a write error')
      groups.rejectAll(failure)
    }
  }

  async function write(group: RecordGroup<Receipt>): Promise<void> {
    inFlight = group.durable
    try {
      await writer.append(group.records)
    } catch (error) {
      groups.putBack(group)
      throw error
    }
    groups.finish(group, receipt)
  }

  /** The new file includes what waits in memory: those groups are on disk when it is. */
  async function compact(): Promise<void> {
    const included = groups.sealAll()
    if (!(await writer.replace(snapshot()))) return
    groups.drop(included)
    for (const group of included) groups.finish(group, receipt)
  }

  const commit: GroupCommit<Receipt> = {
    spend(amount) {
      const group = groupFor(0)
      group.records.spend(amount)
      tally.spend(amount, group.at)
      return group.durable
    },
    detail(amount, key, body) {
      const group = groupFor(bodyBytes(body))
      group.records.detail(amount, body)
      tally.detail(amount, key, body)
      return group.durable
    },
    cut(seq) {
      const group = groupFor(0)
      group.records.cut(seq)
      tally.cut(seq)
      return group.durable
    },
    note(note) {
      const body = encodeNote(note)
      const group = groupFor(bodyBytes(body))
      group.records.note(body)
      return group.durable
    },
    assertRoom,
    async flush() {
      if (failure) throw failure
      return (await (groups.lastDurable ?? inFlight)) ?? receipt
    },
    get failure() {
      return failure
    },
    async close() {
      closed = true
      try {
        if (!failure) await commit.flush()
      } finally {
        await pumping
        await writer.close()
      }
    },
  }
  return commit
}

function behind(path: string, bytes: number): CoreError {
  return new CoreError('E_LEASE_JOURNAL', `${bytes} bytes are already waiting for the disk of ${path}`, {
    retryable: true,
    fix: 'Await flush() from time to time.',
    details: { reason: 'journal_behind', file: path },
  })
}
