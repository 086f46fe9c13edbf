import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import { CoreError } from '../src/index.ts'
import { lockFile } from '../src/lock/file-lock.ts'
import { begin, endAll, isolate, kill, lockAt, raceInProcess, raceProcesses } from './file-lock-races.ts'

/** A lock between processes that do not see each other's pids: containers that share a folder. */

const canIsolate = spawnSync(isolate[0] ?? '', [...isolate.slice(1), 'true']).status === 0
const requireNamespaces = ({ skip }: TestContext) => {
  if (!canIsolate) skip('unshare --pid is not permitted here')
}

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-lock-'))
  file = join(folder, 'a.lock')
})
afterEach(async () => {
  endAll()
  await rm(folder, { recursive: true, force: true })
})

const lock = (path = file) => lockAt(path)

describe('in another pid namespace', () => {
  test('a holder is seen alive, whatever its pid is here; killed, it is noticed at once', async (context) => {
    requireNamespaces(context)
    const holder = begin(file, isolate)
    expect(await holder.said).toBe('held')
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: expect.any(Number), hasSocket: true })
    await expect(lock()).rejects.toMatchObject({ code: 'E_CONFLICT', details: { pid: undefined } })
    const other = begin(file, isolate)
    expect(await other.said).toBe('locked')
    await kill(holder)
    const startedAt = performance.now()
    await expect
      .poll(() =>
        lock().then(
          (held) => held[Symbol.asyncDispose]().then(() => 'got it'),
          () => 'locked',
        ),
      )
      .toBe('got it')
    expect(performance.now() - startedAt).toBeLessThan(20_000)
  })

  test('a holder that exits without a release is noticed at once, too', async (context) => {
    requireNamespaces(context)
    for (const wrapper of [isolate, []]) {
      const holder = begin(file, wrapper, 'exit')
      const gone = once(holder.child, 'exit')
      expect(await holder.said).toBe('held')
      await gone
      await (await lock())[Symbol.asyncDispose]()
    }
  })

  test('of eight that find it dead at once exactly one takes it over, here and there', async (context) => {
    requireNamespaces(context)
    await raceProcesses(file, { rounds: 2, racers: 8 })
  })
})

test('a stopped holder keeps its lock, however many ask', async () => {
  const holder = begin(file)
  expect(await holder.said).toBe('held')
  holder.child.kill('SIGSTOP')
  await sleep(50)
  const asked = await Promise.allSettled(Array.from({ length: 600 }, () => lock()))
  expect(asked.filter(({ status }) => status === 'fulfilled')).toEqual([])
  holder.child.kill('SIGCONT')
  await kill(holder)
  await (await lock())[Symbol.asyncDispose]()
})

test('of forty in one process that find it dead at once exactly one takes it over, in every round', async () => {
  await raceInProcess(file, { rounds: 6, racers: 40 })
})

test('a folder of any depth will do, though the address of a socket has 107 bytes', async () => {
  const deep = join(folder, 'x'.repeat(100), 'y'.repeat(100), 'ü'.repeat(50), 'a.lock')
  await mkdir(join(folder, 'x'.repeat(100)))
  const holder = begin(deep)
  expect(await holder.said).toBe('held')
  expect(JSON.parse(await readFile(deep, 'utf8'))).toMatchObject({ hasSocket: true })
  await expect(lock(deep)).rejects.toMatchObject({ details: { pid: holder.child.pid } })
  await kill(holder)
  await (await lock(deep))[Symbol.asyncDispose]()
  expect(await readdir(join(deep, '..'))).toEqual([])
})

test('files and folders that are made are of this user alone', async () => {
  const inside = join(folder, 'made', 'a.lock')
  await using _held = await lock(inside)
  const names = await readdir(join(folder, 'made'))
  const modes = await Promise.all(['.', ...names].map(async (name) => (await stat(join(folder, 'made', name))).mode))
  expect(names).toHaveLength(2)
  expect(modes.map((mode) => mode & 0o777)).toEqual([0o700, 0o600, 0o600])
})

describe('a holder on another machine', () => {
  const elsewhere = (more: object = {}) =>
    JSON.stringify({
      pid: 1,
      born: 'x/1',
      token: 'elsewhere',
      host: 'another boot',
      namespace: 'n',
      hasSocket: true,
      ...more,
    })
  const silentFor = async (seconds: number) => {
    const then = new Date(Date.now() - seconds * 1_000)
    await utimes(file, then, then)
  }

  test('is refused while its lock is touched, and taken over when it has been silent for 30 s', async () => {
    await writeFile(file, elsewhere())
    await expect(lock()).rejects.toMatchObject({ details: { pid: undefined } })
    await silentFor(25)
    await expect(lock()).rejects.toMatchObject({ details: { pid: undefined } })
    await silentFor(31)
    const settled = await Promise.allSettled(Array.from({ length: 8 }, () => lock()))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('can be watched: it is refused as soon as it is touched, taken over as soon as it was silent for 30 s', async () => {
    const watch = () => lockFile({ path: file, watchMs: 20_000, locked: () => new CoreError('E_CONFLICT', 'locked') })
    await writeFile(file, elsewhere())
    await silentFor(10)
    const touching = setTimeout(() => silentFor(0), 600)
    await expect(watch()).rejects.toMatchObject({ code: 'E_CONFLICT' })
    clearTimeout(touching)
    await silentFor(29)
    const startedAt = performance.now()
    await (await watch())[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  }, 180_000)

  test('a lock that lost its socket on this machine is judged by its silence, too', async () => {
    const { host } = JSON.parse(await heldText())
    await writeFile(file, elsewhere({ host }))
    await expect(lock()).rejects.toMatchObject({ code: 'E_CONFLICT' })
    await silentFor(31)
    await (await lock())[Symbol.asyncDispose]()
  })

  test('a holder touches its lock every few seconds', async () => {
    await using _held = await lock()
    await silentFor(60)
    const touched = async () => Date.now() - (await stat(file)).mtimeMs
    await expect.poll(touched, { timeout: 30_000, interval: 200 }).toBeLessThan(10_000)
  }, 180_000)

  async function heldText(): Promise<string> {
    await using _held = await lock()
    return await readFile(file, 'utf8')
  }
})
