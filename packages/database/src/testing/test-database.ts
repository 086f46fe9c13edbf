import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Database } from '../database.ts'
import { openDatabase } from '../open-database.ts'
import { administer } from './administer.ts'
import { leaseTestServer } from './lease-test-server.ts'

export interface TestDatabase extends AsyncDisposable {
  /** As the owner. */
  readonly url: string
  readonly name: string
  /** Opened with the postgres driver; closed by `drop`. */
  readonly database: Database
  /** Raw SQL on a connection of its own, values parsed by pg; of several statements the last one's rows. */
  sql(text: string, params?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /** A further connection, for tests of concurrency; ended by `drop`. */
  connect(): Promise<pg.Client>
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /** An empty database instead of a migrated one. */
  empty?: boolean
  /** An empty database in whose locale texts are ordered by default, such as `tr-TR`. Default: by their bytes. */
  locale?: string
  poolSize?: number
  /** The URL of another server, for an empty database there. Default: the server that the tests share. */
  server?: string
}

/** A database of its own on the shared server, cloned from the migrated template in some 50 ms. */
export async function createTestDatabase({
  locale,
  empty = locale !== undefined,
  poolSize,
  server,
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const address = server === undefined ? await leaseTestServer() : { url: server, template: 'template0' }
  const name = `test_${randomBytes(8).toString('hex')}`
  const template = empty ? 'template0' : address.template
  const ordered = locale === undefined ? '' : ` locale_provider icu icu_locale '${locale}'`
  await administer(address.url, `create database ${name} template ${template} strategy file_copy${ordered}`)
  const url = new URL(address.url)
  url.pathname = `/${name}`
  const clients: pg.Client[] = []
  const connect = async () => {
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => undefined) // a test may end the connection on purpose
    clients.push(client)
    await client.connect()
    return client
  }
  let raw: Promise<pg.Client> | undefined
  const database = await openDatabase({ driver: 'postgres', url: url.href, poolSize })
  const test: TestDatabase = {
    url: url.href,
    name,
    database,
    connect,
    async sql(text, params = []) {
      raw ??= connect()
      const client = await raw
      const result: pg.QueryResult | pg.QueryResult[] = await (params.length > 0
        ? client.query(text, [...params])
        : client.query(text))
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
    },
    async drop() {
      await database.close()
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)))
      await administer(address.url, `drop database if exists ${name} with (force)`)
    },
    [Symbol.asyncDispose]: () => test.drop(),
  }
  return test
}
