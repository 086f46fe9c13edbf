import { CoreError } from '@core/foundation'

const remedies: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  EACCES: ['this user may not write there', 'Give this user the folder, or choose another CORE_DATA_DIR.'],
  EPERM: ['this user may not write there', 'Give this user the folder, or choose another CORE_DATA_DIR.'],
  EROFS: ['its file system is read-only', 'Mount it for writing, or choose another CORE_DATA_DIR.'],
  EEXIST: ['a file has its name', 'Move the file away, or choose another CORE_DATA_DIR.'],
  ENOTSUP: ['its file system makes no folders', 'Choose another CORE_DATA_DIR.'],
  ENOTDIR: ['a part of its path is a file', 'Move the file away, or choose another CORE_DATA_DIR.'],
  ENOSPC: ['its disk is full', 'Make room, or choose another CORE_DATA_DIR.'],
}

/** A failure of the file system at the data folder as an error that says what to do; every other one as it is. */
export function toDataDirError(error: unknown, dataDir: string): unknown {
  const errno: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  const remedy = typeof errno === 'string' && Object.hasOwn(remedies, errno) ? remedies[errno] : undefined
  if (!remedy) return error
  const [problem, fix] = remedy
  return new CoreError('E_DATABASE_UNAVAILABLE', `the data folder ${dataDir} cannot be used: ${problem}`, {
    retryable: false,
    cause: error,
    fix,
    details: { dataDir, errno },
  })
}
