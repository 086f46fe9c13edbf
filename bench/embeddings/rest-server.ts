import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface RestServer extends Disposable {
  readonly url: string
  readonly serviceKey: string
}

/** A stand-in for PostgREST before the database at an address, for clients that are supabase-js. */
export async function startRestServer(databaseUrl: string): Promise<RestServer> {
  const child = fork(join(import.meta.dirname, 'rest-process.ts'), {
    env: { ...process.env, BENCH_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  })
  const [address] = await once(child, 'message', { signal: AbortSignal.timeout(30_000) })
  return {
    url: `http://127.0.0.1:${address.port}`,
    serviceKey: 'not checked',
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
