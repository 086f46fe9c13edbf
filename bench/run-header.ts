import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median } from './statistics.ts'

/** What the rows of one run were measured on. */
export interface RunHeader {
  readonly date: string
  readonly command: string
  /** `-dirty` when files differed from it; null outside a git check-out. */
  readonly commit: string | null
  readonly node: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGb: number
    readonly system: string
    /** Programs that wanted a core in the minute before the run: what else the machine was doing. */
    readonly loadBefore: number
    /** The same at its end, the run's own included. */
    readonly loadAfter: number
    /** One write of 8 KB and its fdatasync, where the databases were kept. */
    readonly syncMs: number
  }
  /** What the suites report: versions and settings of the databases. */
  readonly subjects: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Call before the run; `folder` is where the databases will be. `endRunHeader` completes it. */
export async function readRunHeader(folder: string, command: string): Promise<RunHeader> {
  return {
    date: new Date().toISOString(),
    command,
    commit: await readCommit(),
    node: process.version,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      loadBefore: readLoad(),
      loadAfter: 0,
      syncMs: await measureSync(join(folder, 'sync')),
    },
    subjects: {},
  }
}

export function endRunHeader(header: RunHeader, subjects: RunHeader['subjects']): RunHeader {
  return { ...header, machine: { ...header.machine, loadAfter: readLoad() }, subjects }
}

function readLoad(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2))
}

async function readCommit(): Promise<string | null> {
  const git = promisify(execFile)
  try {
    const head = await git('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname })
    const changes = await git('git', ['status', '--porcelain', '--', ':(top)', ':(top,exclude)bench/results'], {
      cwd: import.meta.dirname,
    })
    return head.stdout.trim() + (changes.stdout.trim() === '' ? '' : '-dirty')
  } catch {
    return null // a copy without its history
  }
}

async function measureSync(path: string): Promise<number> {
  const block = Buffer.alloc(8_192, 1)
  const times: number[] = []
  await using file = await open(path, 'w')
  for (let index = 0; index < 50; index++) {
    const startedAt = performance.now()
    await file.write(block, 0, block.length, index * block.length)
    await file.datasync()
    times.push(performance.now() - startedAt)
  }
  return Number(median(times).toFixed(3))
}
