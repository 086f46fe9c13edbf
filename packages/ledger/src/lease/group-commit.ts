import { CoreError, isCoreError, type Logger } from '@core/foundation'
import { toJournalError } from './journal-error.ts'
import type { JournalFile } from './journal-file.ts'
import type { JournalNote } from './journal-note.ts'
import { bodyBytes, encodeNote, RecordBuffer, type RecordSink } from './journal-record.ts'

export interface GroupCommitOptions<Receipt> {
  path: string
  file: JournalFile
  /** Bytes and frames the file has. */
  position: number
  number: number
  /** What every caller gets when its record is on disk. */
  receipt: Receipt
  /** Gets every record when it is appended, exactly as a reader of the file would. */
  tally: Omit<RecordSink, 'note'>
  now: () => number
  /** The frames of a journal that begins with the present state; called when the file has grown too long. */
  snapshot: () => Buffer[]
  /** The file is compacted when it has this length, or four times its length after the last compaction. */
  compactBytes: number
  /** Bytes that may wait for the disk. */
  maxBufferedBytes: number
  /** How long a record may wait for the disk before it fails with E_TIMEOUT. */
  timeoutMs: number
  logger: Logger
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

interface Group<Receipt> {
  at: number
  records: RecordBuffer
  durable: Promise<Receipt>
  resolve: (receipt: Receipt) => void
  reject: (error: CoreError) => void
  timer: NodeJS.Timeout
}

/** Frames under construction that are kept for reuse. */
const SPARE_BUFFERS = 4

/**
 * Group commit: what is appended while a write is on its way to the disk goes with the next one, in one frame with one
 * fdatasync; a single record goes at the end of its turn of the event loop. Frames follow each other strictly: the next
 * is written when the one before is on disk, so that a crash can tear only the last. After a failed write or sync the
 * journal is closed to writes, because it is unknown what the disk kept: reopen the file.
 */
export function createGroupCommit<Receipt>(options: GroupCommitOptions<Receipt>): GroupCommit<Receipt> {
  const { path, receipt, tally, now, snapshot, compactBytes, maxBufferedBytes, timeoutMs, logger } = options
  let { file, position, number } = options
  let compactAt = Math.max(compactBytes, position)
  let active: Group<Receipt> | undefined
  const sealed: Group<Receipt>[] = []
  let sealedBytes = 0
  const spare: RecordBuffer[] = []
  let scheduled = false
  let pumping: Promise<void> | undefined
  let inFlight: Promise<Receipt> | undefined
  let failure: CoreError | undefined
  let closed = false

  function begin(): Group<Receipt> {
    const { promise: durable, resolve, reject } = Promise.withResolvers<Receipt>()
    durable.catch(() => undefined) // a spend may fail without a caller that waits; the failure shows in the next call
    const records = spare.pop() ?? new RecordBuffer()
    const at = now()
    records.begin(at)
    const timer = setTimeout(() => reject(tooSlow(path, timeoutMs)), timeoutMs)
    timer.unref()
    const group = { at, records, durable, resolve, reject, timer }
    active = group
    schedule()
    return group
  }

  function groupFor(bytes: number): Group<Receipt> {
    if (failure) throw failure
    if (closed) throw new CoreError('E_CLOSED', `the journal ${path} is closed`)
    if (active === undefined) return begin()
    if (active.records.fits(bytes)) return active
    seal(active)
    return begin()
  }

  function seal(group: Group<Receipt>): void {
    sealed.push(group)
    sealedBytes += group.records.payloadBytes
    active = undefined
  }

  function assertRoom(bytes: number): void {
    if (failure) throw failure
    if (sealedBytes + bytes > maxBufferedBytes) {
      throw new CoreError('E_LEASE_JOURNAL', `${sealedBytes} bytes are already waiting for the disk of ${path}`, {
        retryable: true,
        fix: 'Await flush() from time to time.',
        details: { reason: 'journal_behind', file: path },
      })
    }
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
        if ((active || sealed.length > 0) && !failure) schedule()
      })
    })
  }

  async function pump(): Promise<void> {
    try {
      for (;;) {
        if (position >= compactAt) await compact()
        if (sealed.length === 0 && active) seal(active)
        const group = sealed.shift()
        if (!group) return
        sealedBytes -= group.records.payloadBytes
        inFlight = group.durable
        try {
          const frame = group.records.seal(number)
          await file.append(frame, position)
          position += frame.length
          number += 1
        } catch (error) {
          sealed.unshift(group)
          throw error
        }
        finish(group)
      }
    } catch (error) {
      fail(toJournalError(path, 'write to', error))
    }
  }

  function finish(group: Group<Receipt>): void {
    clearTimeout(group.timer)
    if (spare.length < SPARE_BUFFERS) spare.push(group.records)
    group.resolve(receipt)
  }

  function fail(error: CoreError): void {
    failure = error
    logger.error({ err: error, file: path }, 'lease journal closed after a write error')
    for (const group of [...sealed.splice(0), ...(active ? [active] : [])]) {
      clearTimeout(group.timer)
      group.reject(error)
    }
    active = undefined
    sealedBytes = 0
  }

  /** The new file includes what waits in memory: those groups are on disk when it is. */
  async function compact(): Promise<void> {
    if (active) seal(active)
    const included = sealed.slice()
    const frames = snapshot()
    const length = frames.reduce((sum, frame) => sum + frame.length, 0)
    let next: JournalFile
    try {
      next = await file.replace(frames)
    } catch (error) {
      if (isCoreError(error) && error.details['replaced'] === true) throw error
      // The old file is intact; it continues to grow until there is room for a new one.
      compactAt = position * 2
      logger.warn({ err: error, file: path }, 'a lease journal could not be compacted')
      return
    }
    await file.close()
    file = next
    position = length
    number = frames.length
    compactAt = Math.max(compactBytes, length * 4)
    sealed.splice(0, included.length)
    for (const group of included) {
      sealedBytes -= group.records.payloadBytes
      finish(group)
    }
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
      return (await (active?.durable ?? sealed.at(-1)?.durable ?? inFlight)) ?? receipt
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
        await file.close()
      }
    },
  }
  return commit
}

function tooSlow(path: string, timeoutMs: number): CoreError {
  return new CoreError('E_TIMEOUT', `the disk of ${path} took longer than ${timeoutMs} ms; the outcome is unknown`, {
    details: { timeoutMs },
  })
}
