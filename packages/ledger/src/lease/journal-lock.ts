import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CoreError } from '@core/foundation'
import { z } from 'zod'
import { toJournalError } from './journal-error.ts'

const holderShape = z.object({
  pid: z.number(),
  /** Tells a process from a later one that got the same pid; in a container that is often 1. */
  born: z.string(),
  token: z.string(),
})
type Holder = z.infer<typeof holderShape>

const ATTEMPTS = 20

/**
 * Makes this process the only one to use a journal, or throws E_LEASE_LOCKED naming the live holder. The lock is a file
 * with the holder's pid and start time. That of a dead process D is taken over by whoever manages to create
 * `<lock>.<token of D>` first, a hard link, so exactly one; it then replaces D's lock by its own with a rename. Nobody
 * ever removes a lock to make room, so there is no moment in which two believe to have it.
 */
export async function lockJournal(file: string): Promise<AsyncDisposable> {
  const lock = `${file}.lock`
  const mine: Holder = { pid: process.pid, born: (await bornAt(process.pid)) ?? '', token: randomUUID() }
  const own = `${lock}.${mine.token}.own`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(own, JSON.stringify(mine), { mode: 0o600 })
    await acquire(file, lock, own, mine)
  } catch (error) {
    throw toJournalError(file, 'lock', error)
  } finally {
    await rm(own, { force: true }).catch(() => undefined)
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((await readHolder(lock))?.token === mine.token) await rm(lock, { force: true })
    },
  }
}

async function acquire(file: string, lock: string, own: string, mine: Holder): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await tryLink(own, lock)) return
    const holders = await readChain(lock)
    const last = holders.at(-1)
    if (last === undefined) continue // released just now
    if (await isAlive(last)) throw locked(file, last.pid)
    const guard = `${lock}.${last.token}`
    if (!(await tryLink(own, guard))) continue // another process takes over from the same holder
    // A slow process may have come after a takeover was complete and its guard gone: then the chain tells.
    if ((await readChain(lock)).at(-1)?.token !== mine.token) {
      await rm(guard, { force: true })
      continue
    }
    await replace(own, lock)
    for (const { token } of holders) await rm(`${lock}.${token}`, { force: true })
    return
  }
  throw locked(file, undefined)
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
    return holderShape.parse(JSON.parse(text))
  } catch {
    // Not written by this code, or damaged: nobody who lives has it. Its name stands in for its token.
    return { pid: 0, born: '', token: 'unreadable' }
  }
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

function locked(file: string, pid: number | undefined): CoreError {
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new CoreError('E_LEASE_LOCKED', `${who} has the journal ${file} open`, {
    fix: 'Close that lease first, or give each process a journal of its own.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
