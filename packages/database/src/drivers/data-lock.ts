import { CoreError } from '@core/foundation'
import { lockFile } from '@core/foundation/file-lock'

/**
 * Takes the lock file for this process or throws E_DATABASE_LOCKED naming the live holder. The lock of a dead process
 * is taken over. Two processes would corrupt the database: PGlite itself does not refuse the second.
 */
export function acquireDataLock(file: string): Promise<AsyncDisposable> {
  return lockFile({ path: file, locked: (pid) => locked(file, pid) })
}

function locked(file: string, pid: number | undefined): CoreError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new CoreError('E_DATABASE_LOCKED', `${who} has this embedded database open (${file})`, {
    fix: 'Stop that process, use its REST API, or choose another CORE_DATA_DIR.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
