import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findFreePort } from './postgres-server.ts'

export interface Pooler extends AsyncDisposable {
  /** The same database as the given one, through the pooler. */
  readonly url: string
}

/** The command, where this machine has it. */
export function findPgBouncer(): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`
  try {
    return execFileSync('sh', ['-c', 'command -v pgbouncer'], { env: { PATH: path }, encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** PgBouncer before a database. In transaction mode every transaction may meet another of its few connections. */
export async function startPooler(
  command: string,
  target: string,
  mode: 'session' | 'transaction' | 'statement' = 'transaction',
): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(target)
  const database = pathname.slice(1)
  const folder = await mkdtemp(join(tmpdir(), 'core-pooler-'))
  const listenPort = await findFreePort()
  const settings = `
[databases]
${database} = host=${hostname} port=${port} user=${decodeURIComponent(username)} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 3
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
`
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, settings)
  await chmod(folder, 0o755)
  // It refuses to run as root, and needs nothing but its settings.
  const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn(command, ['--quiet', file], { ...identity, stdio: 'ignore' })
  const url = `postgres://anybody@127.0.0.1:${listenPort}/${database}`
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGQUIT')
      await exited
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilItAnswers(url, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, [Symbol.asyncDispose]: stop }
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + 20_000; ; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return
    } catch (cause) {
      if (Date.now() > until) throw new Error('pgbouncer did not answer', { cause })
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
