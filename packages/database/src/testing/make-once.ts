import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isCoreError } from '@core/foundation'
import { acquireDataLock } from '../drivers/data-lock.ts'

/** Making takes seconds, on a busy machine a minute. */
const WAIT_MS = 240_000
const POLL_MS = 100

/**
 * Makes what is at `path` unless it is there: at another place, so that nothing is there by half. Of processes that want it at
 * once one makes it, and the others wait for it; where that one is killed, another begins again without what it left.
 */
export async function makeOnce(path: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.unfinished`
  const limit = Date.now() + WAIT_MS
  await mkdir(dirname(path), { recursive: true })
  while (!(await exists(path))) {
    if (Date.now() > limit) throw new Error(`another process has been making ${path} for ${WAIT_MS} ms`)
    await using lock = await takeLock(`${path}.lock`)
    if (lock === undefined) await setTimeout(POLL_MS)
    else if (!(await exists(path))) {
      await rm(unfinished, { recursive: true, force: true })
      await make(unfinished)
      await rename(unfinished, path)
    }
  }
}

/** Undefined where another has it. */
async function takeLock(file: string): Promise<AsyncDisposable | undefined> {
  try {
    return await acquireDataLock(file)
  } catch (error) {
    if (isCoreError(error, 'E_DATABASE_LOCKED')) return undefined
    throw error
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
