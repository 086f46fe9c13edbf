import { CoreError } from '@core/foundation'
import { lockFile } from '@core/foundation/file-lock'

/** A machine that was restarted quickly opens its database a few seconds later instead of not at all. */
const WATCH_MS = 31_000

/**
 * Takes the lock file for this process or throws E_DATABASE_LOCKED that names the process holding it, also one in
 * another container. The lock of a dead process is taken over. Two processes would corrupt the database: PGlite itself
 * does not refuse the second.
 */
export function acquireDataLock(file: string): Promise<AsyncDisposable> {
  return lockFile({ path: file, watchMs: WATCH_MS, locked: (pid) => locked(file, pid) })
}

function locked(file: string, pid: number | undefined): CoreError {
  const who = pid === undefined ? 'a process of another container or machine' : `process ${pid}`
  return new CoreError('E_DATABASE_LOCKED', `${who} has this embedded database open (${file})`, {
    fix:
      pid === undefined
        ? 'Stop it, use its REST API, or choose another CORE_DATA_DIR. The lock of a machine that is gone ends after 30 s.'
        : 'Stop that process, use its REST API, or choose another CORE_DATA_DIR.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
