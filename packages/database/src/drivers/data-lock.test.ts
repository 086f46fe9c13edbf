import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acquireDataLock } from './data-lock.ts'

describe('the lock of a data folder', () => {
  let folder: string
  let file: string
  const held = ['data.lock', expect.stringMatching(/^data\.lock\.[0-9a-f]{8}\.sock$/)]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
    file = join(folder, 'data.lock')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('is taken, refused to the next with the holder’s pid, and free after it is released', async () => {
    const lock = await acquireDataLock(file)
    await expect(acquireDataLock(file)).rejects.toMatchObject({
      code: 'E_DATABASE_LOCKED',
      details: { pid: process.pid, file },
    })
    await lock[Symbol.asyncDispose]()
    await using _again = await acquireDataLock(file)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid })
  })

  test('of a dead process is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    await writeFile(file, JSON.stringify({ pid, born: '', token: 'dead' }))
    await using _lock = await acquireDataLock(file)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid })
  })

  test('of an earlier process with the same pid is taken over', async () => {
    await writeFile(file, JSON.stringify({ pid: process.pid, born: 'an earlier boot/1', token: 'earlier' }))
    await using _lock = await acquireDataLock(file)
    expect(JSON.parse(await readFile(file, 'utf8'))).not.toMatchObject({ token: 'earlier' })
  })

  test('that a crash left torn is taken over', async () => {
    await writeFile(file, '{"pid": 12')
    await using _lock = await acquireDataLock(file)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid })
  })

  test('goes to exactly one of many that take over the same stale one', async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(file, JSON.stringify({ pid: process.pid, born: 'an earlier boot/1', token: 'earlier' }))
      const results = await Promise.allSettled(Array.from({ length: 16 }, () => acquireDataLock(file)))
      const winners = results.filter((result) => result.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      expect(await readdir(folder)).toEqual(held)
      await winners[0]?.value[Symbol.asyncDispose]()
    }
  })

  test('leaves nothing else in the folder', async () => {
    const lock = await acquireDataLock(file)
    await acquireDataLock(file).catch(() => undefined)
    expect(await readdir(folder)).toEqual(held)
    await lock[Symbol.asyncDispose]()
    expect(await readdir(folder)).toEqual([])
  })
})
