import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CoreError } from '../src/index.ts'
import { lockFile } from '../src/lock/file-lock.ts'

const child = fileURLToPath(new URL('file-lock-child.ts', import.meta.url))
let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lock = (path: string) =>
  lockFile({ path, locked: (pid) => new CoreError('E_CONFLICT', 'locked', { details: { pid } }) })
const locked = (pid: number) => ({ code: 'E_CONFLICT', details: { pid } })

test('one holder at a time; the lock goes with its release and leaves nothing behind', async () => {
  const held = await lock(file)
  await expect(lock(file)).rejects.toMatchObject(locked(process.pid))
  await held[Symbol.asyncDispose]()
  await (await lock(file))[Symbol.asyncDispose]()
  expect(await readdir(folder)).toEqual([])
})

test('of many that want it at once one gets it', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 30 }, () => lock(file)))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('of many that take over from a dead process one succeeds', async () => {
  const dead = spawn(process.execPath, ['--eval', ''])
  await once(dead, 'exit')
  for (let round = 0; round < 20; round++) {
    await writeFile(file, JSON.stringify({ pid: dead.pid, born: 'then', token: `dead-${round}` }))
    const settled = await Promise.allSettled(
      Array.from({ length: 15 }, async () => {
        await sleep(Math.random() * 4)
        return await lock(file)
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
  await writeFile(file, gone('first'))
  await writeFile(`${file}.first`, gone('second'))
  await writeFile(`${file}.second`, gone('third'))
  const held = await lock(file)
  await expect(lock(file)).rejects.toMatchObject(locked(process.pid))
  expect(await readdir(folder)).toEqual(['a.lock', expect.stringMatching(/^a\.lock\.[0-9a-f]{8}\.sock$/)])
  await held[Symbol.asyncDispose]()
})

test('what a process left behind that was killed while it asked goes with the next holder, and no younger file', async () => {
  const [socket, young] = [`${file}.0123abcd.sock`, `${file}.young.own`]
  const bound = createServer().listen(socket)
  await once(bound, 'listening')
  const anHourAgo = new Date(Date.now() - 3_600_000)
  for (const name of [`${file}.old.own`, `${file}.old.own.copy`, `${file}.old.clock`, young])
    await writeFile(name, '{}')
  const old = (await readdir(folder)).map((name) => join(folder, name)).filter((name) => name !== young)
  for (const name of old) await utimes(name, anHourAgo, anHourAgo)
  const held = await lock(file)
  expect(await readdir(folder)).toContain('a.lock.0123abcd.sock') // alive
  expect((await readdir(folder)).filter((name) => /own|clock/.test(name))).toEqual(['a.lock.young.own'])
  await held[Symbol.asyncDispose]()
  bound.close()
})

test('an unreadable lock has no holder', async () => {
  await writeFile(file, 'torn')
  await (await lock(file))[Symbol.asyncDispose]()
})

test('a later process with the same pid is not mistaken for the holder', async () => {
  await writeFile(file, JSON.stringify({ pid: process.pid, born: 'another boot/17', token: 'old' }))
  // Where the system does not show when a process began, the pid alone has to do, and the lock stays.
  if (process.platform === 'linux') await (await lock(file))[Symbol.asyncDispose]()
  else await expect(lock(file)).rejects.toMatchObject(locked(process.pid))
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
  await expect.poll(() => lines.length, { timeout: 30_000 }).toBeGreaterThan(60)
  isOver = true
  await expect.poll(() => running, { timeout: 30_000 }).toBe(0)
  expect(lines.filter((line) => line !== 'was inside')).toEqual([])
  expect(await readFile(`${file}.inside`).catch(() => 'gone')).toBe('gone')
})
