import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'

/** A process that is started again whenever it ends. */
export interface Part {
  readonly name: string
  readonly isRunning: boolean
  /** How often it was started again. */
  readonly restarts: number
  /** Its last line. */
  readonly lastLine: string
  kill(): void
  /** Asks it to end, and kills it after ten seconds. */
  stop(): Promise<void>
  /** Starts it again after `stop`. */
  start(): void
}

export interface PartOptions {
  readonly name: string
  /** A program of Node with its arguments. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** While the control plane is away, a service that needs it ends as soon as it has started. */
const pauseMs = 500

export function startPart({ name, command, env }: PartOptions): Part {
  let isStopping = false
  let restarts = 0
  let lastLine = ''
  let child: ChildProcess = start()

  function start(): ChildProcess {
    const { PATH = '', HOME = '', TMPDIR = '/tmp', CORE_TEST_RUN = '', NODE_COMPILE_CACHE = '' } = process.env
    const inherited = { PATH, HOME, TMPDIR, CORE_TEST_RUN, NODE_COMPILE_CACHE }
    const started = spawn(process.execPath, ['--import', import.meta.resolve('./end-with-parent.ts'), ...command], {
      env: { ...inherited, ...env },
      // A group of its own: an interrupt of the terminal is for the demo, which stops its parts in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        lastLine = text.trim().split('\n').at(-1) ?? lastLine
      })
    }
    started.once('exit', async () => {
      if (isStopping) return
      await setTimeout(pauseMs)
      if (isStopping) return
      restarts++
      child = start()
    })
    return started
  }

  return {
    name,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    get restarts() {
      return restarts
    },
    get lastLine() {
      return lastLine
    },
    kill: () => void child.kill('SIGKILL'),
    start() {
      isStopping = false
      child = start()
    },
    async stop() {
      isStopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const waiting = new AbortController()
      const late = setTimeout(10_000, undefined, { signal: waiting.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      )
      await ended
      waiting.abort()
      await late
    },
  }
}
