import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockJournal } from '../src/lease/journal-lock.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.journal')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a journal has one holder, who is named; its release leaves nothing behind', async () => {
  const lock = await lockJournal(file)
  await expect(lockJournal(file)).rejects.toMatchObject({
    code: 'E_LEASE_LOCKED',
    retryable: false,
    details: { file, pid: process.pid },
  })
  expect(await readdir(folder)).toEqual([
    'a.journal.lock',
    expect.stringMatching(/^a\.journal\.lock\.[0-9a-f]{8}\.sock$/),
  ])
  await lock[Symbol.asyncDispose]()
  expect(await readdir(folder)).toEqual([])
})

test('a folder that cannot be made is an error of the journal', async () => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'plain'), '')
  await expect(lockJournal(join(folder, 'plain', 'a.journal'))).rejects.toMatchObject({
    code: 'E_LEASE_JOURNAL',
    details: { reason: expect.stringMatching(/unwritable|io/) },
  })
})
