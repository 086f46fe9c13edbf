import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import type { UsageQuestion } from './answer-usage.ts'

/** Milliseconds of a server's main thread, and of all its threads, as it measures them. */
const cpuSchema = z.object({ threadMs: z.number(), processMs: z.number() })

/** Bytes after a collection of garbage, measured by the server itself. */
const memorySchema = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() })

/** A server in a process of its own. */
export interface ChildServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  cpu(): Promise<z.output<typeof cpuSchema>>
  memory(): Promise<z.output<typeof memorySchema>>
}

const startMs = 120_000
const { PATH, NODE_COMPILE_CACHE } = process.env
const answerMs = 30_000

/** Starts `program` of this folder; its log goes nowhere, but it is written. */
export async function forkServer(program: string, environment: Readonly<Record<string, string>>): Promise<ChildServer> {
  const child = fork(new URL(program, import.meta.url), {
    env: { PATH, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let lastWords = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = `${lastWords}${text}`.slice(-2_000)
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  try {
    const { url } = z.object({ url: z.string() }).parse(await hear(child, startMs))
    const ask = (question: UsageQuestion) => {
      child.send(question)
      return hear(child, answerMs)
    }
    return {
      url,
      port: Number(new URL(url).port),
      cpu: async () => cpuSchema.parse(await ask('cpu')),
      memory: async () => memorySchema.parse(await ask('memory')),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw new Error(`a server of the benchmark did not start: ${lastWords}`, { cause: error })
  }
}

/** The next message of a child; throws where it ends first. */
async function hear(child: ChildProcess, limitMs: number): Promise<unknown> {
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(limitMs)])
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a server of the benchmark ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    over.abort()
  }
}
