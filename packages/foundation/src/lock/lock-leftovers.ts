import { readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { probeLockSocket } from './lock-socket.ts'

/** No process needs this long between making its files and having the lock or not. */
const LEFT_MS = 60_000

/** Removes what processes left behind that were killed while they asked for the lock. Its holder calls it. */
export async function removeLeftovers(lock: string): Promise<void> {
  const { mtimeMs: now } = await stat(lock)
  const names = await readdir(dirname(lock))
  for (const name of names) {
    const suffix = name.startsWith(`${basename(lock)}.`) ? /\.(own|copy|clock|sock|new)$/.exec(name)?.[1] : undefined
    if (suffix === undefined) continue
    const path = join(dirname(lock), name)
    const made = await stat(path).catch(() => undefined)
    if (made === undefined || now - made.mtimeMs < LEFT_MS) continue
    if (suffix !== 'sock' || (await probeLockSocket(path)) === 'dead') await rm(path, { force: true })
  }
}
