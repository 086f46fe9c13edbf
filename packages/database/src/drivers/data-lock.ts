import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CoreError, isCoreError } from '@core/foundation'

/** Who holds a data folder. `born` tells a process from a later one that got the same pid (in a container, often 1). */
interface Holder {
  pid: number
  born: string
  token: string
}

/** While another process takes a dead one's lock over, this one looks again: at most this often, this far apart. */
const ATTEMPTS = 200
const PAUSE_MS = 5

/**
 * Takes the lock file for this process or throws E_DATABASE_LOCKED naming the live holder. The lock of a dead process
 * is taken over. Two processes would corrupt the database: PGlite itself does not refuse the second.
 */
export async function acquireDataLock(file: string): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true })
  const mine: Holder = { pid: process.pid, born: (await bornAt(process.pid)) ?? '', token: randomUUID() }
  const own = `${file}.${mine.token}`
  await writeFile(own, JSON.stringify(mine))
  try {
    for (let attempt = 1; !(await tryLink(own, file)); attempt++) {
      const holder = await readHolder(file)
      if (attempt === ATTEMPTS || (typeof holder === 'object' && (await isAlive(holder)))) throw locked(file, holder)
      if (holder !== 'missing') await removeStale(file, holder)
    }
  } finally {
    await rm(own, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      const holder = await readHolder(file)
      if (typeof holder === 'object' && holder.token === mine.token) await rm(file, { force: true })
    },
  }
}

/**
 * Removes the lock of one dead holder. Only whoever holds the lock on that removal may do it, and looks again first:
 * otherwise the second of two that saw the same dead holder would remove the lock of the first.
 */
async function removeStale(file: string, dead: Holder | 'torn'): Promise<void> {
  const token = dead === 'torn' ? dead : dead.token
  try {
    await using _removal = await acquireDataLock(`${file}.${token}.removal`)
    const now = await readHolder(file)
    if ((typeof now === 'object' ? now.token : now) === token) await rm(file, { force: true })
  } catch (error) {
    if (!isCoreError(error, 'E_DATABASE_LOCKED')) throw error
    await sleep(PAUSE_MS)
  }
}

/** A hard link appears whole or not at all, and only one of two wins. */
async function tryLink(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file)
    return true
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'EEXIST') return false
    throw error
  }
}

/** Torn: a crash of the machine left half of it, so nobody holds it. */
async function readHolder(file: string): Promise<Holder | 'missing' | 'torn'> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return 'missing'
    throw error
  }
  try {
    const { pid, born, token }: Record<string, unknown> = JSON.parse(text)
    if (typeof pid === 'number' && typeof born === 'string' && typeof token === 'string') return { pid, born, token }
  } catch {
    // Not JSON.
  }
  return 'torn'
}

async function isAlive({ pid, born }: Holder): Promise<boolean> {
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

function locked(file: string, holder: Holder | 'missing' | 'torn'): CoreError {
  const pid = typeof holder === 'object' ? holder.pid : undefined
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new CoreError('E_DATABASE_LOCKED', `${who} has this embedded database open (${file})`, {
    fix: 'Stop that process, use its REST API, or choose another CORE_DATA_DIR.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
