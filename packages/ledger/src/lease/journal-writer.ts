import { isCoreError, type Logger } from '@core/foundation'
import type { JournalFile } from './journal-file.ts'
import type { RecordBuffer } from './journal-record.ts'

export interface JournalWriterOptions {
  path: string
  file: JournalFile
  /** Bytes and frames the file has. */
  position: number
  number: number
  /** The file is compacted when it has this length, or four times its length after the last compaction. */
  compactBytes: number
  logger: Logger
}

/** The end of a journal: frames are appended there, one after the other. */
export interface JournalWriter {
  /** Whether the file has grown too long. */
  readonly isLong: boolean
  append(records: RecordBuffer): Promise<void>
  /** Replaces the file by one of these frames. False when the old file is still in use, intact. */
  replace(frames: readonly Buffer[]): Promise<boolean>
  close(): Promise<void>
}

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { path, compactBytes, logger } = options
  let { file, position, number } = options
  let compactAt = Math.max(compactBytes, position)

  return {
    get isLong() {
      return position >= compactAt
    },
    async append(records) {
      const frame = records.seal(number)
      await file.append(frame, position)
      position += frame.length
      number += 1
    },
    async replace(frames) {
      const length = frames.reduce((sum, frame) => sum + frame.length, 0)
      let next: JournalFile
      try {
        next = await file.replace(frames)
      } catch (error) {
        if (isCoreError(error) && error.details['replaced'] === true) throw error
        // The old file is intact; it continues to grow until there is room for a new one.
        compactAt = position * 2
        logger.warn({ err: error, file: path }, 'a lease journal could not be compacted')
        return false
      }
      await file.close()
      file = next
      position = length
      number = frames.length
      compactAt = Math.max(compactBytes, length * 4)
      return true
    },
    close: () => file.close(),
  }
}
