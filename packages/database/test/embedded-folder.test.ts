import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'

/** Whose the folder of an embedded database is. */

let parent: string
let dataDir: string
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'core-embedded-'))
  dataDir = join(parent, 'core')
  const database = await openDatabase({ driver: 'embedded', dataDir })
  await database.close()
})
afterAll(() => rm(parent, { recursive: true, force: true }))

const isolate = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

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
