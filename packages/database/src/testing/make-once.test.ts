import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeOnce } from './make-once.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-once-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('of several at once one makes it, and it is there for all of them', async () => {
  const path = join(folder, 'made')
  let made = 0
  const ends = Array.from({ length: 5 }, async () => {
    await makeOnce(path, async (unfinished) => {
      made++
      await mkdir(unfinished)
      expect(await readdir(folder)).not.toContain('made')
      await writeFile(join(unfinished, 'whole'), '')
    })
    return await readdir(path)
  })
  expect(await Promise.all(ends)).toEqual(Array.from({ length: 5 }, () => ['whole']))
  expect(made).toBe(1)
  expect(await readdir(folder)).toEqual(['made'])
})

test('what a process left that was killed is no part of it, and a failure is made good by the next', async () => {
  const path = join(folder, 'made')
  const fail = async (unfinished: string) => {
    await mkdir(unfinished)
    await writeFile(join(unfinished, 'half'), '')
    throw new Error('killed')
  }
  await expect(makeOnce(path, fail)).rejects.toThrow('killed')
  await makeOnce(path, (unfinished) => mkdir(unfinished))
  expect(await readdir(path)).toEqual([])
})
