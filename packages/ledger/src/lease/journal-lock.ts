import { CoreError } from '@core/foundation'
import { lockFile } from '@core/foundation/file-lock'
import { toJournalError } from './journal-error.ts'

/** Locks a journal for this process, or throws E_LEASE_LOCKED that names the process holding it. */
export async function lockJournal(file: string): Promise<AsyncDisposable> {
  try {
    return await lockFile({ path: `${file}.lock`, locked: (pid) => locked(file, pid) })
  } catch (error) {
    throw toJournalError(file, 'lock', error)
  }
}

function locked(file: string, pid: number | undefined): CoreError {
  const who =
    pid === undefined
      ? 'a process of another container or machine'
      : pid === process.pid
        ? 'this process'
        : `process ${pid}`
  return new CoreError('E_LEASE_LOCKED', `${who} has the journal ${file} open`, {
    fix: 'Close that lease first, or give each process a journal of its own. The lock of a machine that is gone ends after 30 s.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
