import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockJournal } from '../src/lease/journal-lock.ts'

const child = fileURLToPath(new URL('lock-child.ts', import.meta.url))
let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.journal')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const locked = (pid?: number) => ({
  code: 'E_LEASE_LOCKED',
  retryable: false,
  details: { file, ...(pid ? { pid } : {}) },
})

test('one holder at a time; the lock goes with its release and leaves nothing behind', async () => {
  const lock = await lockJournal(file)
  await expect(lockJournal(file)).rejects.toMatchObject(locked(process.pid))
  await lock[Symbol.asyncDispose]()
  await (await lockJournal(file))[Symbol.asyncDispose]()
  expect(await readdir(folder)).toEqual([])
})

test('of many that want it at once one gets it', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 30 }, () => lockJournal(file)))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('of many that take over from a dead process one succeeds', async () => {
  const dead = spawn(process.execPath, ['--eval', ''])
  await once(dead, 'exit')
  for (let round = 0; round < 20; round++) {
    await writeFile(`${file}.lock`, JSON.stringify({ pid: dead.pid, born: 'then', token: `dead-${round}` }))
    const settled = await Promise.allSettled(
      Array.from({ length: 15 }, async () => {
        await sleep(Math.random() * 4)
        return await lockJournal(file)
      }),
    )
    const winners = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(winners).toHaveLength(1)
    await winners[0]?.[Symbol.asyncDispose]()
    expect(await readdir(folder)).toEqual([])
  }
})

test('a takeover that was itself killed half-way is taken over', async () => {
  const gone = (token: string) => JSON.stringify({ pid: 2 ** 22 + 1, born: 'then', token })
  await writeFile(`${file}.lock`, gone('first'))
  await writeFile(`${file}.lock.first`, gone('second'))
  await writeFile(`${file}.lock.second`, gone('third'))
  const lock = await lockJournal(file)
  await expect(lockJournal(file)).rejects.toMatchObject(locked(process.pid))
  expect(await readdir(folder)).toEqual(['a.journal.lock'])
  await lock[Symbol.asyncDispose]()
})

test('an unreadable lock is of nobody', async () => {
  await writeFile(`${file}.lock`, 'torn')
  await (await lockJournal(file))[Symbol.asyncDispose]()
})

test('a later process with the same pid is not mistaken for the holder', async () => {
  await writeFile(`${file}.lock`, JSON.stringify({ pid: process.pid, born: 'another boot/17', token: 'old' }))
  // Where the system does not tell when a process began, the pid alone has to do, and the lock stays.
  if (process.platform === 'linux') await (await lockJournal(file))[Symbol.asyncDispose]()
  else await expect(lockJournal(file)).rejects.toMatchObject(locked(process.pid))
})

test('processes that come, go and are killed are never in it two at a time', async () => {
  const lines: string[] = []
  let [running, isOver] = [0, false]
  const begin = () => {
    running += 1
    const process_ = spawn(process.execPath, [child, file, '8'], { stdio: ['ignore', 'pipe', 'inherit'] })
    process_.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')))
    process_.on('close', () => {
      running -= 1
      if (!isOver) begin()
    })
  }
  for (let n = 0; n < 4; n++) begin()
  await expect.poll(() => lines.length, { timeout: 25_000 }).toBeGreaterThan(60)
  isOver = true
  await expect.poll(() => running, { timeout: 15_000 }).toBe(0)
  expect(lines.filter((line) => line !== 'was inside')).toEqual([])
  expect(await readFile(`${file}.inside`).catch(() => 'gone')).toBe('gone')
}, 45_000)
