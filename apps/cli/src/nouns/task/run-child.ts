import { spawn } from 'node:child_process'
import type { ClaimedTask } from '@core/coordinator'
import { CoreError, type Storable } from '@core/foundation'

/** What is kept of the output of a command. A result has at most 64 KB. */
const mostBytes = 256 * 1024
const keptOfErrors = 5_000
/** Between SIGTERM and SIGKILL. */
const killAfterMs = 5_000

/**
 * Runs a command for a task: the task is a line of JSON on its standard input, what it prints is the result. Exit code 0
 * is done; any other fails the attempt with the end of its standard error.
 */
export async function runChild(
  [program = '', ...args]: readonly string[],
  task: ClaimedTask,
  { signal, env }: { signal: AbortSignal; env: NodeJS.ProcessEnv },
): Promise<Storable | undefined> {
  const child = spawn(program, args, {
    env: { ...env, CORE_TASK: task.id, CORE_TASK_KIND: task.kind, CORE_TASK_FENCE: String(task.fence) },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let killing: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  }
  const killNow = () => child.kill('SIGKILL')
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  process.once('exit', killNow)
  const [out, errors] = [collect(child.stdout, mostBytes), collect(child.stderr, mostBytes)]
  child.stdin.on('error', () => undefined) // a command need not read its input
  child.stdin.end(`${JSON.stringify(task)}\n`)
  try {
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, killedBy) => resolve(status ?? killedBy))
    })
    if (code === 0) return toResult(out.text())
    const said = errors.text().trim().slice(-keptOfErrors)
    throw new CoreError('E_INTERNAL', `${program} ended with ${code}${said === '' ? '' : `: ${said}`}`)
  } finally {
    clearTimeout(killing)
    signal.removeEventListener('abort', stop)
    process.off('exit', killNow)
  }
}

/** JSON where it is, else the text; nothing is no result. */
function toResult(text: string): Storable | undefined {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text.trim()
  }
}

function collect(stream: NodeJS.ReadableStream, most: number): { text(): string } {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    chunks.push(chunk)
    while (size > most && chunks.length > 1) size -= chunks.shift()?.length ?? 0
  })
  return { text: () => Buffer.concat(chunks).toString('utf8') }
}
