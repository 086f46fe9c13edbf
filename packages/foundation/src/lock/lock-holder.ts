import { randomUUID } from 'node:crypto'
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { probeLockSocket } from './lock-socket.ts'

/** Who has a lock, as its file says. */
export interface LockHolder {
  pid: number
  /** Boot and tick in which the process began: distinguishes it from a later one with the same pid. Empty where unknown. */
  born: string
  token: string
  /** The kernel that decides about its socket and its pid: the boot on Linux, the name of the machine elsewhere. */
  host: string
  /** The pid namespace, in which alone its pid means something. Empty where the system has none. */
  namespace: string
  /** Whether it keeps a socket beside its lock. */
  hasSocket: boolean
}

/** A holder, and the file that names it. */
export interface LockLink {
  path: string
  holder: LockHolder
}

/** How often a holder touches its lock, and after what silence one known from its lock alone counts as dead. */
export const BEAT_MS = 5_000
export const SILENCE_MS = 30_000
const WATCH_EVERY_MS = 250

export async function describeHolder(token: string, hasSocket: boolean): Promise<LockHolder> {
  const [born, host, namespace] = await Promise.all([bornAt(process.pid), readHost(), readNamespace()])
  return { pid: process.pid, born: born ?? '', token, host, namespace, hasSocket }
}

export function socketOf(lock: string, token: string): string {
  return `${lock}.${token.slice(0, 8)}.sock`
}

export async function readHolder(path: string): Promise<LockHolder | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return undefined
  }
  try {
    const holder: Partial<Record<keyof LockHolder, unknown>> = JSON.parse(text)
    const { pid, born, token, host, namespace, hasSocket } = holder
    if (typeof pid === 'number' && typeof born === 'string' && typeof token === 'string') {
      const { platform } = process
      // A lock of before 0.2 has no host: it counts as of this one and of this namespace, as it did then.
      return {
        pid,
        born,
        token,
        host: typeof host === 'string' ? host : await readHost(),
        namespace: typeof namespace === 'string' ? namespace : platform === 'linux' ? await readNamespace() : '',
        hasSocket: hasSocket === true,
      }
    }
  } catch {
    // Not JSON.
  }
  // Not written by this code, or torn by a crash of the machine: no process that lives has it.
  return { pid: 0, born: '', token: 'unreadable', host: await readHost(), namespace: '', hasSocket: false }
}

/**
 * Whether a holder lives. On this kernel its socket decides, at once and for certain; without one its pid does, where
 * both are in one namespace. Everywhere else it lives until the file that names it has been silent for 30 s.
 */
export async function isAlive(lock: string, { path, holder }: LockLink, watchMs: number): Promise<boolean> {
  if (holder.pid <= 0) return false
  if (holder.host !== (await readHost())) return await isBeating(path, watchMs)
  const state = holder.hasSocket ? await probeLockSocket(socketOf(lock, holder.token)) : 'missing'
  if (state !== 'missing') return state === 'alive'
  return (await isOfThisNamespace(holder)) ? await isRunning(holder) : await isBeating(path, watchMs)
}

/**
 * By the clock of the file system, which writes both times: clocks of two machines differ. Watches for up to `watchMs`
 * whether the file is touched or its silence gets long enough.
 */
async function isBeating(file: string, watchMs: number): Promise<boolean> {
  const clock = `${file}.${randomUUID().slice(0, 8)}.clock`
  const endsAt = performance.now() + watchMs
  let first: number | undefined
  try {
    for (;;) {
      await writeFile(clock, 'now', { mode: 0o600 })
      const [now, seen] = await Promise.all([stat(clock), stat(file).catch(() => undefined)])
      if (seen === undefined) return true // gone just now: look again
      if (now.mtimeMs - seen.mtimeMs >= SILENCE_MS) return false
      first ??= seen.mtimeMs
      if (seen.mtimeMs !== first || performance.now() >= endsAt) return true
      await sleep(WATCH_EVERY_MS)
    }
  } finally {
    await rm(clock, { force: true })
  }
}

/** Whether its pid means something to this process. */
export async function isOfThisNamespace({ host, namespace }: LockHolder): Promise<boolean> {
  return host === (await readHost()) && namespace === (await readNamespace())
}

async function isRunning({ pid, born }: LockHolder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, as another user.
    if (!(error instanceof Error && Reflect.get(error, 'code') === 'EPERM')) return false
  }
  const now = await bornAt(pid)
  return now === undefined || born === '' || now === born
}

async function readHost(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  } catch {
    return hostname()
  }
}

async function readNamespace(): Promise<string> {
  try {
    return await readlink('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** The boot and the tick in which a process began, where the system shows them (Linux). */
async function bornAt(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; the start time is the 22nd field, the 20th after it.
    return `${await readHost()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return undefined
  }
}
