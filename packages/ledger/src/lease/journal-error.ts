import { CoreError, isCoreError } from '@core/foundation'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG'])

/** A failure of the disk that holds a journal. `details.reason`: disk_full, unwritable or io. */
export function toJournalError(file: string, what: string, cause: unknown): CoreError {
  if (isCoreError(cause)) return cause
  const errno = cause instanceof Error ? String(Reflect.get(cause, 'code') ?? '') : ''
  const reason = FULL.has(errno) ? 'disk_full' : UNWRITABLE.has(errno) ? 'unwritable' : 'io'
  const fixes = {
    disk_full: 'Free space, close the lease and open it again on the same file: what was acknowledged is in it.',
    unwritable: 'Choose a file in a folder that this process may write to.',
    io: 'Check the disk, close the lease and open it again on the same file: what was acknowledged is in it.',
  }
  return new CoreError('E_LEASE_JOURNAL', `cannot ${what} the journal ${file}: ${errno || String(cause)}`, {
    cause,
    fix: fixes[reason],
    details: { reason, file, errno },
  })
}

/** The journal is unreadable from this offset on. The file is not changed. */
export function journalCorrupt(file: string, offset: number, finding: string): CoreError {
  return new CoreError('E_LEASE_JOURNAL', `the journal ${file} is damaged at byte ${offset}: ${finding}`, {
    fix: 'Keep the file and move it aside; ledger_lease_get returns what its lease has reported.',
    details: { reason: 'journal_corrupt', file, offset },
  })
}
