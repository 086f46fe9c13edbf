import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleProgram } from '@core/control-plane/testing'
import { prepareEmbeddedFolder, shortLived } from '@core/database/testing'

const source = join(import.meta.dirname, '../src/main.ts')

export interface CoreResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CoreOptions {
  /** Home, working directory and data folder. */
  cwd: string
  /** Added to an environment without any setting of Core. */
  env?: Record<string, string>
  stdin?: string
  /** A program and its arguments that run the command as a process, as `unshare` does. */
  within?: readonly string[] | undefined
}

/** A folder for one test or file. */
export function createRoom(): { folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'core-cli-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Runs the command to its end, as a process of its own whose output is a pipe. For how it ends and what it writes. */
export async function runCoreProcess(args: readonly string[], options: CoreOptions): Promise<CoreResult> {
  const child = await spawnCore(args, options)
  child.stdin?.end(options.stdin ?? '')
  const output = collect(child)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...output })))
}

export interface RunningCore {
  readonly url: string
  /** By `owner` and the names of the projects; empty after the first start. */
  readonly keys: Readonly<Record<string, string>>
  stop(): Promise<unknown>
}

export interface RunningCoreProcess extends RunningCore {
  readonly pid: number
  readonly output: { stdout: string; stderr: string }
  /** Sends the signal and resolves with the exit code; null where the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/**
 * `core start` as a process of its own on an embedded database, on a free port, ready when it says so. On its first start
 * the database is migrated already, but `fromNothing`.
 */
export async function startCoreProcess({
  env,
  fromNothing = false,
  ...options
}: CoreOptions & { fromNothing?: boolean }): Promise<RunningCoreProcess> {
  const dataDir = join(options.cwd, '.core')
  if (!fromNothing && !existsSync(dataDir)) await prepareEmbeddedFolder(dataDir)
  const child = await spawnCore(['start'], { ...options, env: { CORE_HTTP_PORT: '0', CORE_LOG_LEVEL: 'warn', ...env } })
  const output = collect(child)
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /running at (http\S+)/.exec(output.stdout)
      if (found?.[1]) resolve(found[1])
    })
    exit.then((code) => reject(new Error(`core start ended with ${code}:\n${output.stdout}${output.stderr}`)))
  })
  const keys = Object.fromEntries(
    [...output.stdout.matchAll(/^ {2}(\w+) +(ck_live_\w+)$/gm)].map(([, name, key]) => [name, key]),
  )
  return {
    url,
    pid: child.pid ?? 0,
    keys,
    output,
    // After SIGTERM it serves two seconds longer, for load balancers.
    stop(signal = 'SIGINT') {
      child.kill(signal)
      return exit
    },
  }
}

export async function spawnCore(
  args: readonly string[],
  { env, cwd, within = [] }: CoreOptions,
): Promise<ChildProcess> {
  const main = await bundleProgram(source)
  const { PATH = '', TMPDIR = tmpdir(), CORE_TEST_RUN = '', NODE_COMPILE_CACHE = '' } = process.env
  const own = { PATH, TMPDIR, CORE_TEST_RUN, NODE_COMPILE_CACHE, HOME: cwd }
  const [program = '', ...words] = [...within, process.execPath, ...shortLived, main, ...args]
  return spawn(program, words, { cwd, env: { ...own, ...env } })
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  return output
}
