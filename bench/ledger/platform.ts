import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { type PostgresServer, prepareEmbeddedFolder, startPostgresServer } from '@core/database/testing'
import pg from 'pg'
import type { BenchContext } from '../suite.ts'
import { openAccounts } from './accounts.ts'
import { entriesOf, textOf } from './answer.ts'

/** Where the ledger is measured: a database with Core's functions, the benchmark's own beside them, and accounts. */
export interface Platform extends AsyncDisposable {
  readonly name: 'server' | 'embedded'
  readonly database: Database
}

export interface ServerPlatform extends Platform {
  readonly name: 'server'
  /** Of `database`, for clients that bring their own SQL. */
  readonly url: string
  /** Between two sections, so that none begins with what the one before left to write. */
  checkpoint(): Promise<void>
  /** A further connection pool, as another process would have. */
  connect(): Promise<Database>
  /** A database of its own with accounts and nothing else; dropped when disposed. */
  openFresh(): Promise<ServerDatabase>
  /** The same without the benchmark's own functions, which a control plane refuses as a schema newer than its own. */
  openPlain(): Promise<ServerDatabase>
}

export interface ServerDatabase extends AsyncDisposable {
  readonly database: Database
  readonly url: string
}

/**
 * Room for the working set, and no checkpoint in the middle of a sample (the default is one per 1 GB of log: every
 * thirty seconds at this rate) but one between two sections, which keeps segments of the log for use again as on a
 * server that has run for a day: making new ones cost 8 % of a batch. What makes a commit safe is as Postgres ships it.
 */
export const settings = {
  shared_buffers: '1GB',
  min_wal_size: '4GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '30min',
}
/** Of 16 MB each. */
const LOG_SEGMENTS = 128

export async function openServer(context: BenchContext): Promise<ServerPlatform> {
  context.progress('starting a server')
  const server = await startPostgresServer({
    folder: join(context.folder, 'server'),
    durable: true,
    migrated: true,
    settings,
  })
  try {
    if (!context.isQuick) await fillLog(server)
    await createDatabase(server, 'accounts', 'postgres')
    await using template = await openDatabase({ driver: 'postgres', url: server.url('accounts') })
    await prepareDatabase(template)
    await template.close()
    let number = 0
    const openFresh = async () => openClone(server, `ledger_${++number}`, 'accounts')
    const openPlain = async () => {
      const plain = await openClone(server, `ledger_${++number}`, 'postgres')
      await openAccounts(plain.database)
      return plain
    }
    const main = await openFresh()
    await checkDurable(main.database, 'server', context)
    return {
      name: 'server',
      ...main,
      async checkpoint() {
        await runOn(main.url, 'checkpoint')
      },
      connect: () => openDatabase({ driver: 'postgres', url: main.url }),
      openFresh,
      openPlain,
      async [Symbol.asyncDispose]() {
        await main.database.close()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

export async function openEmbedded(context: BenchContext): Promise<Platform> {
  context.progress('opening an embedded database')
  const dataDir = join(context.folder, 'embedded')
  await prepareEmbeddedFolder(dataDir)
  const database = await openDatabase({ driver: 'embedded', dataDir })
  try {
    await prepareDatabase(database)
    await checkDurable(database, 'embedded', context)
  } catch (error) {
    await database.close()
    throw error
  }
  return { name: 'embedded', database, [Symbol.asyncDispose]: () => database.close() }
}

/** Core's migrations, the benchmark's own, and accounts. */
export async function prepareDatabase(database: Database): Promise<void> {
  await migrateUp({ database })
  await migrateUp({ database, folder: join(import.meta.dirname, 'sql') })
  await openAccounts(database)
}

/** Figures without fsync would be figures of something else. */
async function checkDurable(database: Database, name: string, context: BenchContext): Promise<void> {
  const facts = await database.call('bench_facts', {})
  const known = Object.fromEntries(entriesOf(facts, 'settings'))
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    if (known[setting] !== 'on') throw new Error(`${setting} is ${known[setting]} on the ${name} database`)
  }
  context.describe(name, { postgres: textOf(facts, 'version'), ...known })
}

async function openClone(server: PostgresServer, name: string, template: string): Promise<ServerDatabase> {
  await createDatabase(server, name, template)
  const url = server.url(name)
  const database = await openDatabase({ driver: 'postgres', url })
  return {
    database,
    url,
    async [Symbol.asyncDispose]() {
      await database.close()
      await runOn(server.url(), `drop database ${name} with (force)`)
    },
  }
}

async function fillLog(server: PostgresServer): Promise<void> {
  for (let segment = 0; segment < LOG_SEGMENTS; segment++) {
    await runOn(server.url(), `select pg_logical_emit_message(false, 'bench', 'x')`)
    await runOn(server.url(), 'select pg_switch_wal()')
  }
  await runOn(server.url(), 'checkpoint')
}

/** Copied through the log: copying files would force a checkpoint, and full pages into the log after it. */
async function createDatabase(server: PostgresServer, name: string, template: string): Promise<void> {
  await runOn(server.url(), `create database ${name} template ${template} strategy wal_log`)
}

/** One statement on a connection of its own, as the owner. */
export async function runOn(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
