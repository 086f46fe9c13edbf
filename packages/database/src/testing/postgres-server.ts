import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { cleanEnvironment } from './clean-environment.ts'
import { copyCluster, initCluster, readCluster } from './cluster.ts'
import { makeOnce } from './make-once.ts'
import { migrateCompactly } from './migrate-compactly.ts'
import { readMigrationsKey } from './migrations-key.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { openTestFolder, testFolder } from './test-server-place.ts'

export interface PostgresServerOptions {
  /** Made and owned by the server; removed by `stop`. */
  folder: string
  /** fsync on, as in production. Off by default: tests do not survive power cuts. */
  durable?: boolean
  /** Further settings, for example `{ max_connections: '50' }`. */
  settings?: Readonly<Record<string, string>>
  /** Core's migrations are in the database `postgres`. */
  migrated?: boolean
  /** No copy of the cluster that others have: with an identifier of its own, as a database that is restored elsewhere meets it. */
  apart?: boolean
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

/**
 * A real Postgres server on a free port of the loopback interface. Making a cluster takes 0.9 s of CPU and migrating it
 * 2.8 s more: the first call in a temporary folder makes the one that the others copy.
 */
export async function startPostgresServer({
  folder,
  durable = false,
  settings = {},
  migrated = false,
  apart = false,
  bin,
}: PostgresServerOptions): Promise<PostgresServer> {
  const found = await findPostgresBinaries()
  const binaries =
    bin === undefined ? found : { ...found, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const flags = { ...(durable ? {} : fast), ...settings }
  if (apart) {
    await initCluster(binaries, folder)
    const server = await startIn(binaries, folder, flags)
    if (migrated) await migrateCompactly(server.url())
    return server
  }
  const key = createHash('sha256').update(binaries.initdb).digest('hex').slice(0, 8)
  await openTestFolder()
  const empty = join(testFolder, `cluster-${key}`)
  await makeOnce(empty, (unfinished) => initCluster(binaries, unfinished))
  const full = join(testFolder, `cluster-${key}-${await readMigrationsKey()}`)
  if (migrated) await makeOnce(full, (unfinished) => makeMigrated(binaries, empty, unfinished))
  await copyCluster(migrated ? full : empty, folder, binaries.identity)
  return await startIn(binaries, folder, flags)
}

async function makeMigrated(binaries: PostgresBinaries, empty: string, folder: string): Promise<void> {
  await copyCluster(empty, folder, binaries.identity)
  const server = await startIn(binaries, folder, fast)
  try {
    await migrateCompactly(server.url())
  } finally {
    await server.halt()
  }
}

const fast = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '256MB' }

/** In a folder that has a cluster. */
async function startIn(
  binaries: PostgresBinaries,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const { data, password } = await readCluster(folder)
  const port = await findFreePort()
  const flags = toFlags({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
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

export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
