import { CoreError, isCoreError, type Logger, type Storable } from '@core/foundation'
import { lockFile } from '@core/foundation/file-lock'
import { journalCorrupt, toJournalError } from '../lease/journal-error.ts'
import { createJournal, type JournalFile, openJournal, readJournal } from '../lease/journal-file.ts'
import { readFrames } from '../lease/journal-frame.ts'
import { encodeRecord, readRecords, type SpoolRecord, takeFrame, toFrame, toFrames } from './spool-record.ts'

export interface SpoolFile {
  /** What the file held when it was opened and is not done. */
  readonly found: ReadonlyMap<string, Storable>
  /** Resolves when the record is on disk. Records of one moment share a sync. */
  append(record: SpoolRecord): Promise<void>
  /** Writes what waits, then gives the file back. */
  close(): Promise<void>
}

export interface SpoolFileOptions {
  readonly file: string
  /** What is not done, for a new file in place of one that has grown too long. */
  readonly open: () => Iterable<SpoolRecord>
  readonly compactBytes: number
  readonly logger: Logger
}

interface Waiting {
  readonly bytes: Buffer
  resolve(): void
  reject(error: unknown): void
}

/** Opens a spool's file for this process alone, or makes it. */
export async function openSpoolFile({ file, open, compactBytes, logger }: SpoolFileOptions): Promise<SpoolFile> {
  const lock = await lockFile({ path: `${file}.lock`, locked: (pid) => locked(file, pid) })
  try {
    const bytes = await readJournal(file)
    const scan = bytes && readFrames(bytes, file)
    const found = scan === undefined ? new Map<string, Storable>() : recordsOf(scan.payloads, file)
    const frames = toFrames([])
    const journal = scan === undefined ? await createJournal(file, frames) : await openJournal(file, scan.end)
    const position = scan?.end ?? frames.reduce((sum, frame) => sum + frame.length, 0)
    const number = scan?.payloads.length ?? frames.length
    const written = writeRecords({ file, journal, position, number, open, compactBytes, logger })
    return {
      found,
      append: written.append,
      async close() {
        try {
          await written.close()
        } finally {
          await lock[Symbol.asyncDispose]()
        }
      },
    }
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

function recordsOf(payloads: readonly Buffer[], file: string): Map<string, Storable> {
  try {
    return readRecords(payloads)
  } catch {
    throw journalCorrupt(file, 0, 'it is no spool')
  }
}

interface WriterState extends SpoolFileOptions {
  readonly journal: JournalFile
  readonly position: number
  readonly number: number
}

/** After a failed write it is unknown what the disk has kept: the next record begins a new file, of what is not done. */
function writeRecords(state: WriterState): Pick<SpoolFile, 'append' | 'close'> {
  const { file, open, compactBytes, logger } = state
  let { journal, position, number } = state
  let compactAt = Math.max(compactBytes, position)
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let isUnknown = false
  let closed = false

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      if (isUnknown) await rewrite()
      else if (position >= compactAt) await compact()
      const rest = waiting.map(({ bytes }) => bytes)
      const records = takeFrame(rest)
      const frame = toFrame(records, number)
      const group = waiting.splice(0, records.length)
      try {
        await journal.append(frame, position)
      } catch (error) {
        waiting = [...group, ...waiting]
        throw error
      }
      position += frame.length
      number += 1
      for (const { resolve } of group) resolve()
    }
  }

  async function rewrite(): Promise<void> {
    const frames = toFrames([...open()].map(encodeRecord))
    const next = await journal.replace(frames)
    const old = journal
    journal = next
    position = frames.reduce((sum, frame) => sum + frame.length, 0)
    number = frames.length
    compactAt = Math.max(compactBytes, position * 4)
    isUnknown = false
    await old.close()
  }

  async function compact(): Promise<void> {
    try {
      await rewrite()
    } catch (error) {
      if (isCoreError(error) && error.details['replaced'] === true) throw error
      compactAt = position * 2
      logger.warn({ err: error, file }, 'a spool could not be compacted')
    }
  }

  function fail(cause: unknown): void {
    const failure = toJournalError(file, 'write to', cause)
    if (!isUnknown)
      logger.error({ err: failure, file }, 'a spool could not be written; what comes next begins a new file')
    isUnknown = true
    for (const { reject } of waiting.splice(0)) reject(failure)
  }

  /** After this turn of the event loop, so that what is put together is synced together. */
  function schedule(): void {
    writing ??= new Promise<void>((begin) => setImmediate(begin))
      .then(write)
      .catch(fail)
      .finally(() => {
        writing = undefined
        if (waiting.length > 0) schedule() // put after the last look, before this
      })
  }

  return {
    append(record) {
      if (closed) return Promise.reject(new CoreError('E_CLOSED', `the spool ${file} is closed`))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ bytes: encodeRecord(record), resolve, reject })
      schedule()
      return promise
    },
    async close() {
      closed = true
      while (writing) await writing
      await journal.close()
    },
  }
}

function locked(file: string, pid: number | undefined): CoreError {
  const who = pid === undefined ? 'a process of another container or machine' : `process ${pid}`
  return new CoreError('E_CONFLICT', `${who} has the spool ${file} open`, {
    fix: 'Give each process a spool of its own.',
    details: { reason: 'spool_locked', file, ...(pid === undefined ? {} : { pid }) },
  })
}
