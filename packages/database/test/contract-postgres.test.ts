import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { describeDatabaseContract } from '../src/testing/contract.ts'
import { type PostgresServer, startPostgresServer } from '../src/testing/index.ts'
import { createClone } from './create-clone.ts'

// A server of its own: the suite stops it.
let server: PostgresServer

beforeAll(async () => {
  server = await startPostgresServer({ folder: await mkdtemp(join(tmpdir(), 'core-contract-')), migrated: true })
})
afterAll(() => server.stop())

describeDatabaseContract('a Postgres server', {
  driver: 'postgres',
  keepsSqlstate: true,
  async create() {
    const clone = await createClone(server)
    const database = await openDatabase({ driver: 'postgres', url: clone.url, poolSize: 4 })
    return {
      database,
      sql: clone.sql,
      clone,
      callAs: (claims, name) => database.call(name, {}, { claims }),
      async [Symbol.asyncDispose]() {
        await database.close()
        await clone.drop()
      },
    }
  },
  async cut({ clone }) {
    await clone.cutOthers()
  },
  away: () => server.halt(),
  back: () => server.start(),
})
