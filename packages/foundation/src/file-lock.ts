// Node only, and an entry of its own: browsers load the rest of this package.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface FileLockOptions {
  /** The lock itself; its folder is made where it is missing. */
  path: string
  /** The error for a lock that a live process holds; its pid, where it is known. */
  locked: (pid: number | undefined) => Error
}

/** `born` tells a process from a later one that got the same pid; in a container that is often 1. */
interface Holder {
  pid: number
  born: string
  token: string
}

/** While another process takes a dead one's lock over, this one looks again: at most this often, this far apart. */
const ATTEMPTS = 200
const PAUSE_MS = 5

/**
 * Makes this process the only holder of a lock until it is disposed, or throws what `locked` makes; failures of the disk
 * come as they are. The lock is a file with the holder's pid and start time. That of a dead process D is taken over by
 * whoever manages to create `<lock>.<token of D>` first, a hard link, so exactly one; it then replaces D's lock by its
 * own with a rename. Nobody ever removes a lock to make room, so there is no moment in which two believe to have it.
 */
export async function lockFile({ path, locked }: FileLockOptions): Promise<AsyncDisposable> {
  const mine: Holder = { pid: process.pid, born: (await bornAt(process.pid)) ?? '', token: randomUUID() }
  const own = `${path}.${mine.token}.own`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(own, JSON.stringify(mine), { mode: 0o600 })
    await acquire(path, own, mine, locked)
  } finally {
    await rm(own, { force: true }).catch(() => undefined)
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((await readHolder(path))?.token === mine.token) await rm(path, { force: true })
    },
  }
}

async function acquire(lock: string, own: string, mine: Holder, locked: FileLockOptions['locked']): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await tryLink(own, lock)) return
    const holders = await readChain(lock)
    const last = holders.at(-1)
    if (last === undefined) continue // released just now
    if (await isAlive(last)) throw locked(last.pid)
    const guard = `${lock}.${last.token}`
    if (!(await tryLink(own, guard))) {
      await sleep(PAUSE_MS) // another process takes over from the same holder
      continue
    }
    // A slow process may have come after a takeover was complete and its guard gone: then the chain tells.
    if ((await readChain(lock)).at(-1)?.token !== mine.token) {
      await rm(guard, { force: true })
      continue
    }
    await replace(own, lock)
    for (const { token } of holders) await rm(`${lock}.${token}`, { force: true })
    return
  }
  throw locked(undefined)
}

/** The lock's holder, whoever takes over from it, and so on; the last one counts. Empty when nobody has the lock. */
async function readChain(lock: string): Promise<Holder[]> {
  const chain: Holder[] = []
  for (let next = await readHolder(lock); next; next = await readHolder(`${lock}.${next.token}`)) chain.push(next)
  return chain
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

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    const { pid, born, token }: Record<string, unknown> = JSON.parse(text)
    if (typeof pid === 'number' && typeof born === 'string' && typeof token === 'string') return { pid, born, token }
  } catch {
    // Not JSON.
  }
  // Not written by this code, or torn by a crash of the machine: nobody who lives has it. A name in place of a token.
  return { pid: 0, born: '', token: 'unreadable' }
}

async function isAlive({ pid, born }: Holder): Promise<boolean> {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, as another user.
    if (!(error instanceof Error && Reflect.get(error, 'code') === 'EPERM')) return false
  }
  const now = await bornAt(pid)
  return now === undefined || born === '' || now === born
}

/** The boot and the tick in which a process began, where the system tells (Linux). */
async function bornAt(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The name in parentheses may hold spaces; the start time is the 22nd field, the 20th after it.
    return `${boot.trim()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return undefined
  }
}
