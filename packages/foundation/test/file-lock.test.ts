import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockAt, passItAround, raceForPid } from './file-lock-races.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const locked = (pid: number) => ({ code: 'E_CONFLICT', details: { pid } })

test('one holder at a time; the lock goes with its release and leaves nothing behind', async () => {
  const held = await lockAt(file)
  await expect(lockAt(file)).rejects.toMatchObject(locked(process.pid))
  await held[Symbol.asyncDispose]()
  await (await lockAt(file))[Symbol.asyncDispose]()
  expect(await readdir(folder)).toEqual([])
})

test('of many that want it at once one gets it', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 30 }, () => lockAt(file)))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('of many that take over from a dead process one succeeds', () => raceForPid(file, { rounds: 8, racers: 15 }))

test('a takeover that was itself killed half-way is taken over', async () => {
  const gone = (token: string) => JSON.stringify({ pid: 2 ** 22 + 1, born: 'then', token })
  await writeFile(file, gone('first'))
  await writeFile(`${file}.first`, gone('second'))
  await writeFile(`${file}.second`, gone('third'))
  const held = await lockAt(file)
  await expect(lockAt(file)).rejects.toMatchObject(locked(process.pid))
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
  const held = await lockAt(file)
  expect(await readdir(folder)).toContain('a.lock.0123abcd.sock') // alive
  expect((await readdir(folder)).filter((name) => /own|clock/.test(name))).toEqual(['a.lock.young.own'])
  await held[Symbol.asyncDispose]()
  bound.close()
})

test('an unreadable lock has no holder', async () => {
  await writeFile(file, 'torn')
  await (await lockAt(file))[Symbol.asyncDispose]()
})

test('a later process with the same pid is not mistaken for the holder', async () => {
  await writeFile(file, JSON.stringify({ pid: process.pid, born: 'another boot/17', token: 'old' }))
  // Where the system does not show when a process began, the pid alone has to do, and the lock stays.
  if (process.platform === 'linux') await (await lockAt(file))[Symbol.asyncDispose]()
  else await expect(lockAt(file)).rejects.toMatchObject(locked(process.pid))
})

test('processes that come, go and are killed are never in it two at a time', () => passItAround(file, 40))
