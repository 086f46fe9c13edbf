import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LeaseJob } from './lease-child.ts'

const child = fileURLToPath(new URL('lease-child.ts', import.meta.url))

export interface LeaseProcess {
  /** Every line it has printed. */
  readonly lines: string[]
  readonly pid: number
  /** Resolves when a line begins like this. */
  says(start: string): Promise<string>
  /** kill -9, then waits until it is gone and everything it had printed is here. */
  kill(): Promise<void>
  ended(): Promise<void>
}

/** Starts a process that spends. `limitBlocks`: no file of it may grow beyond so many blocks of 512 bytes. */
export function startLeaseProcess(job: LeaseJob, { limitBlocks = 0 } = {}): LeaseProcess {
  const command = [process.execPath, child, JSON.stringify(job)]
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const running: ChildProcess = limitBlocks
    ? spawn('sh', ['-c', `ulimit -f ${limitBlocks}; exec "$@"`, 'sh', ...command], { stdio: [...stdio] })
    : spawn(process.execPath, command.slice(1), { stdio: [...stdio] })
  const lines: string[] = []
  let rest = ''
  const listeners = new Set<() => void>()
  running.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    for (const listener of listeners) listener()
  })
  const closed = once(running, 'close')
  return {
    lines,
    pid: running.pid ?? 0,
    async says(start) {
      for (;;) {
        const line = lines.find((each) => each.startsWith(start))
        if (line !== undefined) return line
        const heard = new Promise<void>((resolve) => listeners.add(resolve))
        const isOver = await Promise.race([heard.then(() => false), closed.then(() => true)])
        if (isOver) throw new Error(`the process ended without saying ${start}: ${lines.slice(-3)}`)
      }
    },
    async kill() {
      running.kill('SIGKILL')
      await closed
    },
    async ended() {
      await closed
    },
  }
}

export interface Acknowledged {
  total: number
  keys: Map<string, number>
}

/** What a process said it had spent. */
export function addAcknowledged(all: Acknowledged, lines: readonly string[]): void {
  for (const line of lines) {
    const [kind, first = '', second = ''] = line.split(' ')
    if (kind === 'plain') all.total += Number(first)
    if (kind !== 'key') continue
    all.total += Number(second)
    all.keys.set(first, Number(second))
  }
}
