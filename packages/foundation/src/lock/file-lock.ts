// Node only, and an entry of its own: browsers load the rest of this package.
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BEAT_MS,
  describeHolder,
  isAlive,
  isOfThisNamespace,
  type LockHolder,
  type LockLink,
  readHolder,
  socketOf,
} from './lock-holder.ts'
import { removeLeftovers } from './lock-leftovers.ts'
import { bindLockSocket } from './lock-socket.ts'
import { makeFolder } from './make-folder.ts'

export { makeFolder } from './make-folder.ts'

export interface FileLockOptions {
  /** The lock itself; its folder is made where it is missing, for this user alone. */
  path: string
  /** The error for a lock that a live process holds; its pid, where that means something to this process. */
  locked: (pid: number | undefined) => Error
  /**
   * How long to watch a lock that is known from its file alone, of another machine or of before a restart of this one, until
   * it is touched or has been silent for 30 s. Default 0: it is held.
   */
  watchMs?: number
}

/** While another process takes a dead one's lock over, this one looks again: at most this often, this far apart. */
const ATTEMPTS = 200
const PAUSE_MS = 5

/**
 * Makes this process the only holder of a lock until it is disposed, or throws what `locked` makes; failures of the disk
 * come as they are. The lock is a file that names its holder, and beside it a Unix socket that the holder has bound:
 * whether the holder lives is asked of the kernel, which knows it at once and in every container. A holder of another
 * machine is known by the file alone, which it touches every 5 s, and lives until it has not for 30 s.
 *
 * The lock of a dead holder D is taken over by the process that creates `<lock>.<token of D>` first, a hard link, so
 * exactly one; it then replaces D's lock by its own with a rename. A lock is never removed to make room, so there is no
 * moment in which two believe to have it.
 */
export async function lockFile({ path, locked, watchMs = 0 }: FileLockOptions): Promise<AsyncDisposable> {
  makeFolder(dirname(path))
  const last = (await readChain(path)).at(-1)
  // Asked before anything is made: most calls for a lock that is held end here.
  if (last && (await isAlive(path, last, watchMs))) throw locked(await visiblePid(last.holder))
  const token = randomUUID()
  const own = `${path}.${token}.own`
  const socket = await bindLockSocket(socketOf(path, token))
  const release = async () => {
    // In this order: as long as the lock is there, it can be seen that its holder lives.
    if ((await readHolder(path))?.token === token) await rm(path, { force: true })
    await socket?.[Symbol.asyncDispose]()
  }
  try {
    await writeFile(own, JSON.stringify(await describeHolder(token, socket !== undefined)), { mode: 0o600 })
    await acquire(own, token, { path, locked, watchMs })
    const beats = await startBeats(path)
    await removeLeftovers(path).catch(() => undefined) // the next holder tries again
    return {
      async [Symbol.asyncDispose]() {
        await beats[Symbol.asyncDispose]()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  } finally {
    await rm(own, { force: true }).catch(() => undefined)
  }
}

async function acquire(
  own: string,
  token: string,
  { path: lock, locked, watchMs }: Required<FileLockOptions>,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await tryLink(own, lock)) return
    const chain = await readChain(lock)
    const last = chain.at(-1)
    if (last === undefined) continue // released just now
    if (await isAlive(lock, last, watchMs)) throw locked(await visiblePid(last.holder))
    const guard = `${lock}.${last.holder.token}`
    if (!(await tryLink(own, guard))) {
      await sleep(PAUSE_MS) // another process takes over from the same holder
      continue
    }
    // A slow process may have come after a takeover was complete and its guard gone: then the chain shows it.
    if ((await readChain(lock)).at(-1)?.holder.token !== token) {
      await rm(guard, { force: true })
      continue
    }
    await replace(own, lock)
    for (const { holder } of chain) {
      await rm(`${lock}.${holder.token}`, { force: true })
      await rm(socketOf(lock, holder.token), { force: true })
    }
    return
  }
  throw locked(undefined)
}

/** The lock's holder, the one that takes over from it, and so on; the last one counts. Empty when the lock is free. */
async function readChain(lock: string): Promise<LockLink[]> {
  const chain: LockLink[] = []
  for (let path = lock; ; ) {
    const holder = await readHolder(path)
    if (holder === undefined) return chain
    chain.push({ path, holder })
    path = `${lock}.${holder.token}`
  }
}

/** By a copy: renaming one hard link over another of the same file does nothing. */
async function replace(own: string, lock: string): Promise<void> {
  const copy = `${own}.copy`
  await writeFile(copy, await readFile(own), { mode: 0o600 })
  await rename(copy, lock)
}

/** A hard link appears whole or not at all, and only one of two wins. */
async function tryLink(own: string, target: string): Promise<boolean> {
  try {
    await link(own, target)
    return true
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'EEXIST') return false
    throw error
  }
}

async function visiblePid(holder: LockHolder): Promise<number | undefined> {
  return (await isOfThisNamespace(holder)) ? holder.pid : undefined
}

/** Writes what is there already into the file of the lock, for those who see the file and not this kernel. */
async function startBeats(lock: string): Promise<AsyncDisposable> {
  const file: FileHandle = await open(lock, 'r+')
  const first = Buffer.alloc(1)
  await file.read(first, 0, 1, 0)
  let beating: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    // Synced, because a file server learns of a write late otherwise. A beat that fails is followed by the next.
    beating = file
      .write(first, 0, 1, 0)
      .then(() => file.datasync())
      .catch(() => undefined)
  }, BEAT_MS)
  timer.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await beating
      await file.close()
    },
  }
}
