import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'

export interface PostgresServerOptions {
  /** Made and owned by the server; removed by `stop`. */
  folder: string
  /** fsync on, as in production. Off by default: tests do not survive power cuts. */
  durable?: boolean
  /** Further settings, for example `{ max_connections: '50' }`. */
  settings?: Readonly<Record<string, string>>
  /** The folder with `initdb` and `postgres` of another version. Default: the newest, from npm. */
  bin?: string | undefined
}

export interface PostgresServer {
  readonly port: number
  readonly pid: number
  url(database?: string): string
  /** Stops and starts again on the same port with the same data; open connections are lost. */
  restart(): Promise<void>
  /** Leaves the data in place and the port closed until `start`. */
  halt(): Promise<void>
  start(): Promise<void>
  /** Ends it with -9: what was not written is lost, and `start` recovers the rest. */
  kill(): Promise<void>
  /** Stops and removes the folder. */
  stop(): Promise<void>
}

/** On a busy machine a start that first recovers from a crash takes a minute. */
const START_TIMEOUT_MS = 120_000
const CONNECT_TIMEOUT_MS = 10_000

/** A real Postgres server on a free port of the loopback interface. */
export async function startPostgresServer({
  folder,
  durable = false,
  settings = {},
  bin,
}: PostgresServerOptions): Promise<PostgresServer> {
  const found = await findPostgresBinaries()
  const binaries =
    bin === undefined ? found : { ...found, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const password = randomBytes(12).toString('hex')
  const data = join(folder, 'data')
  await initialise(binaries, folder, data, password)
  const port = await findFreePort()
  const flags = toFlags({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '256MB' }),
    ...settings,
  })
  let child: ChildProcess | undefined
  let log = ''
  let isKilled = false

  const server: PostgresServer = {
    port,
    get pid() {
      return child?.pid ?? 0
    },
    url: (database = 'postgres') => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    async start() {
      const limit = Date.now() + START_TIMEOUT_MS
      for (;;) {
        try {
          await startOnce()
          isKilled = false
          return
        } catch (error) {
          // The processes of one that was killed end a moment after it, and until then have its memory.
          if (!isKilled || Date.now() > limit) throw error
          await sleep(50)
        }
      }
    },
    async kill() {
      const old = child
      child = undefined
      if (old === undefined) return
      isKilled = true
      const exited = once(old, 'exit')
      old.kill('SIGKILL')
      await exited
    },
    async halt() {
      const old = child
      child = undefined
      if (!old || old.exitCode !== null || old.signalCode !== null) return
      const exited = once(old, 'exit')
      old.kill('SIGINT') // "fast": disconnects all clients, then stops in order
      await exited
    },
    async restart() {
      await server.halt()
      await server.start()
    },
    async stop() {
      await server.halt()
      await rm(folder, { recursive: true, force: true })
    },
  }

  async function startOnce(): Promise<void> {
    log = ''
    child = spawn(binaries.postgres, ['-D', data, '-p', String(port), ...flags], {
      ...binaries.identity,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: cleanEnvironment(),
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000)
    })
    await waitUntilReady(server, child, () => log)
  }

  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

async function initialise({ initdb, identity }: PostgresBinaries, folder: string, data: string, password: string) {
  await mkdir(data, { recursive: true })
  await chmod(folder, 0o755) // the server's user must be able to enter
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (identity.uid !== undefined && identity.gid !== undefined) {
    for (const path of [data, passwordFile]) await chown(path, identity.uid, identity.gid)
  }
  const child = spawn(
    initdb,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...identity, stdio: ['ignore', 'ignore', 'pipe'], env: cleanEnvironment() },
  )
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const [code] = await once(child, 'close')
  await rm(passwordFile, { force: true })
  if (code !== 0) throw new Error(`initdb failed: ${log}`)
}

async function waitUntilReady(server: PostgresServer, child: ChildProcess, log: () => string): Promise<void> {
  const limit = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Postgres server ended at its start: ${log()}`)
    const client = new pg.Client({ connectionString: server.url(), connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return
    } catch (cause) {
      if (Date.now() > limit) throw new Error(`the Postgres server did not answer: ${log()}`, { cause })
      await sleep(20)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

function toFlags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Without the caller's PG* variables, which would steer initdb and the server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries([
    ...Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_')),
    ['LC_ALL', 'C'],
  ])
}

export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
