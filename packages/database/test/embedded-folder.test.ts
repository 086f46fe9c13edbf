import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireDataLock } from '../src/drivers/data-lock.ts'
import { isMade, openDatabase } from '../src/index.ts'

/** When the folder of an embedded database becomes one, and whose it is. Making one costs seven seconds of CPU. */

let parent: string
let dataDir: string
/** Before there is a folder, with an empty one, and after the first opening. */
const made: boolean[] = []
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'core-embedded-'))
  dataDir = join(parent, 'core')
  const config = { driver: 'embedded', dataDir } as const
  made.push(isMade(config))
  await (await acquireDataLock(join(dataDir, 'data.lock')))[Symbol.asyncDispose]() // what an opening does first
  await mkdir(join(dataDir, 'data'))
  made.push(isMade(config))
  await (await openDatabase(config)).close()
  made.push(isMade(config))
})
afterAll(() => rm(parent, { recursive: true, force: true }))

const isolate = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

test('it is made by the first opening, not by its folder', () => expect(made).toEqual([false, false, true]))

test('memory never is, a server’s is as far as anybody knows', () => {
  expect(isMade({ driver: 'embedded', dataDir: 'memory' })).toBe(false)
  expect(isMade({ driver: 'postgres', url: 'postgres://127.0.0.1:1/none' })).toBe(true)
})

test('it is this user’s alone, and is made so again at each start', async () => {
  const places = ['.', 'data', 'data/base', 'data/PG_VERSION', 'data/global/pg_control']
  const modes = () => Promise.all(places.map(async (place) => (await stat(join(dataDir, place))).mode & 0o777))
  for (const place of places.slice(1)) await chmod(join(dataDir, place), 0o777)
  await using _database = await openDatabase({ driver: 'embedded', dataDir })
  // Files that are made from now on are behind the mode of the folder.
  expect(await modes()).toEqual([0o700, 0o700, 0o700, 0o600, 0o600])
})

test('a process of another container that shares it is refused until the holder is gone', async ({ skip }) => {
  const [command = '', ...args] = isolate
  if (spawnSync(command, [...args, 'true']).status !== 0) skip('unshare --pid is not permitted here')
  const holder = fileURLToPath(new URL('./embedded-holder.ts', import.meta.url))
  const child = spawn(command, [...args, process.execPath, holder, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    await expect(openDatabase({ driver: 'embedded', dataDir })).rejects.toMatchObject({ code: 'E_DATABASE_LOCKED' })
  } finally {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await expect
    .poll(() => openDatabase({ driver: 'embedded', dataDir }).then((database) => database.close()), { timeout: 30_000 })
    .toBeUndefined()
})
