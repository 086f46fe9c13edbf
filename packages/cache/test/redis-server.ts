import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

export interface RedisServer extends AsyncDisposable {
  readonly port: number
  readonly process: ChildProcess
}

/** The version of the redis-server on this machine; undefined where there is none. */
export function findRedisServer(): string | undefined {
  try {
    return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

/** A real server on loopback that keeps nothing on disk. */
export async function startRedisServer(port?: number): Promise<RedisServer> {
  const own = port ?? (await findFreePort())
  const child = spawn(
    'redis-server',
    ['--port', String(own), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  child.stdout.setEncoding('utf8')
  for await (const [text] of on(child)) if (String(text).includes('Ready to accept connections')) break
  return {
    port: own,
    process: child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

async function* on(child: ChildProcess): AsyncGenerator<unknown[]> {
  for (;;) yield await once(child.stdout ?? child, 'data', { signal: AbortSignal.timeout(10_000) })
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
