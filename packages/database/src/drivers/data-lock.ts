import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CoreError } from '@core/foundation'

/** Who holds a data folder. `born` tells a process from a later one that got the same pid (in a container, often 1). */
interface Holder {
  pid: number
  born: string
  token: string
}

const ATTEMPTS = 5

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
    for (let attempt = 1; ; attempt++) {
      if (await tryLink(own, file)) break
      const holder = await readHolder(file)
      if (holder && (attempt === ATTEMPTS || (await isAlive(holder)))) throw locked(file, holder.pid)
      if (attempt === ATTEMPTS) throw locked(file, undefined)
      await removeStale(file, holder)
    }
  } finally {
    await rm(own, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((await readHolder(file))?.token === mine.token) await rm(file, { force: true })
    },
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

/** Moves the lock aside and looks at what it moved: had another process just taken over, its lock goes back. */
async function removeStale(file: string, judged: Holder | undefined): Promise<void> {
  const aside = `${file}.stale.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch {
    return // another process was faster
  }
  const moved = await readHolder(aside)
  if (moved && moved.token !== judged?.token) await tryLink(aside, file)
  await rm(aside, { force: true })
}

/** Undefined when there is none, or when a crash left it torn: then nobody holds it. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const { pid, born, token }: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'))
    if (typeof pid === 'number' && typeof born === 'string' && typeof token === 'string') return { pid, born, token }
  } catch {
    // Missing or torn.
  }
  return undefined
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

function locked(file: string, pid: number | undefined): CoreError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new CoreError('E_DATABASE_LOCKED', `${who} has this embedded database open (${file})`, {
    fix: 'Stop that process, use its REST API, or choose another CORE_DATA_DIR.',
    details: { file, ...(pid === undefined ? {} : { pid }) },
  })
}
