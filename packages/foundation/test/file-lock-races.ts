import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { CoreError } from '../src/index.ts'
import { lockFile } from '../src/lock/file-lock.ts'

/** What `file-lock` tests promise of those that want a lock at once: short there, long in the soak. */

interface Race {
  readonly rounds: number
  readonly racers: number
}

const holderProgram = fileURLToPath(new URL('file-lock-holder.ts', import.meta.url))
const childProgram = fileURLToPath(new URL('file-lock-child.ts', import.meta.url))

export const isolate = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

export const lockAt = (path: string) =>
  lockFile({ path, locked: (pid) => new CoreError('E_CONFLICT', 'locked', { details: { pid } }) })

const children: ChildProcess[] = []

/** A process that takes the lock, in a pid namespace of its own where asked; says `held` or `locked`. */
export function begin(path: string, wrapper: readonly string[] = [], ...mode: string[]) {
  const [command = '', ...args] = [...wrapper, process.execPath, holderProgram, path, ...mode]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const said = once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text).trim())
  return { child, said }
}

export async function kill({ child }: { child: ChildProcess }): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Those that `begin` began and nothing ended. */
export function endAll(): void {
  for (const child of children.splice(0)) {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
  }
}

/** Processes that find a lock whose holder was killed: one takes it over. Every other holder and racer is in a namespace. */
export async function raceProcesses(file: string, { rounds, racers: count }: Race): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const holder = begin(file, round % 2 ? isolate : [])
    expect(await holder.said).toBe('held')
    await kill(holder)
    const racers = Array.from({ length: count }, (_, n) => begin(file, n % 2 ? isolate : []))
    const said = await Promise.all(racers.map((racer) => racer.said))
    expect(said.toSorted()).toEqual(['held', ...Array.from({ length: count - 1 }, () => 'locked')])
    await Promise.all(racers.filter((_, n) => said[n] === 'held').map((racer) => kill(racer)))
  }
}

/** The same in one process, with what one killed holder left put back for each round. */
export async function raceInProcess(file: string, { rounds, racers }: Race): Promise<void> {
  const [folder, kept] = [dirname(file), `${dirname(file)}.kept`]
  const holder = begin(file)
  expect(await holder.said).toBe('held')
  await kill(holder)
  const left = await readFile(file, 'utf8')
  const socket = (await readdir(folder)).find((name) => name.endsWith('.sock')) ?? ''
  await mkdir(kept)
  try {
    await link(join(folder, socket), join(kept, socket))
    for (let round = 0; round < rounds; round++) {
      if (round > 0) {
        await link(join(kept, socket), join(folder, socket))
        await writeFile(file, left)
      }
      expect((await readdir(folder)).toSorted()).toEqual([basename(file), socket].toSorted())
      await oneTakesItOver(file, racers)
    }
  } finally {
    await rm(kept, { recursive: true })
  }
}

/** Of a holder that is known by its pid alone. */
export async function raceForPid(file: string, { rounds, racers }: Race): Promise<void> {
  const dead = spawn(process.execPath, ['--eval', ''])
  await once(dead, 'exit')
  for (let round = 0; round < rounds; round++) {
    await writeFile(file, JSON.stringify({ pid: dead.pid, born: 'then', token: `dead-${round}` }))
    await oneTakesItOver(file, racers)
  }
}

async function oneTakesItOver(file: string, racers: number): Promise<void> {
  const settled = await Promise.allSettled(
    Array.from({ length: racers }, async () => {
      await sleep(Math.random() * 4)
      return await lockAt(file)
    }),
  )
  const winners = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  expect(winners).toHaveLength(1)
  await winners[0]?.[Symbol.asyncDispose]()
  expect(await readdir(dirname(file))).toEqual([])
}

/** Four processes come and go, some killed while they have the lock, until it was held that often. */
export async function passItAround(file: string, times: number): Promise<void> {
  const lines: string[] = []
  let [running, isOver] = [0, false]
  const start = () => {
    running += 1
    const child = spawn(process.execPath, [childProgram, file, '8'], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')))
    child.on('close', () => {
      running -= 1
      if (!isOver) start()
    })
  }
  for (let n = 0; n < 4; n++) start()
  await expect.poll(() => lines.length, { timeout: 600_000 }).toBeGreaterThan(times)
  isOver = true
  await expect.poll(() => running).toBe(0)
  expect(lines.filter((line) => line !== 'was inside')).toEqual([])
  expect(await readFile(`${file}.inside`).catch(() => 'gone')).toBe('gone')
}
