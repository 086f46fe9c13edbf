import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { listFiles } from '../tree.ts'
import type { Tally } from './tally.ts'

/** Marks every process of one test run: children inherit it, and Linux shows it in /proc/<pid>/environ. */
const marker = 'CORE_TEST_RUN'

export interface LeftoverWatch {
  /** Names new files in the repository and processes that outlived the run, and ends the latter. */
  check(graceMs?: number): Promise<Tally>
}

/** Call before the first test; what is there now is not held against the run. */
export async function watchLeftovers(runId: string): Promise<LeftoverWatch> {
  process.env[marker] = runId
  const before = new Set(listFiles())
  return {
    async check(graceMs = usualGraceMs) {
      const files = listFiles().filter((file) => !before.has(file))
      const processes = await listSurvivors(`${marker}=${runId}`, graceMs)
      for (const file of files) process.stdout.write(`left behind: ${file}\n`)
      for (const { pid, command } of processes) process.stdout.write(`still running, ended now: ${pid} ${command}\n`)
      await end(processes)
      const failed = files.length + processes.length > 0 ? 1 : 0
      return { passed: 1 - failed, failed, skipped: [] }
    },
  }
}

interface Survivor {
  pid: number
  command: string
}

/** Some end by themselves: a server that test files share waits a few seconds for the next one. */
const usualGraceMs = Number(process.env['CORE_TEST_GRACE_MS'] ?? 10_000)
const pollMs = 100

async function listSurvivors(mark: string, graceMs: number): Promise<Survivor[]> {
  for (let attempt = 1; ; attempt++) {
    const found = await listMarkedProcesses(mark)
    if (found.length === 0 || attempt * pollMs >= graceMs) return found
    await setTimeout(pollMs)
  }
}

async function end(processes: readonly Survivor[]): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of processes) {
      try {
        process.kill(pid, signal)
      } catch {
        // gone: what was wanted
      }
    }
    if (processes.length > 0 && signal === 'SIGTERM') await setTimeout(1_000)
  }
}

/** Empty where there is no /proc: the check is then one of files only. */
async function listMarkedProcesses(mark: string): Promise<Survivor[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.map(Number).filter((pid) => pid > 0 && pid !== process.pid)
  const found = pids.map(async (pid) => {
    try {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      if (!environment.split('\0').includes(mark)) return []
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim()
      return [{ pid, command: command.slice(0, 120) }]
    } catch {
      return [] // gone meanwhile, or another user's
    }
  })
  return (await Promise.all(found)).flat()
}
