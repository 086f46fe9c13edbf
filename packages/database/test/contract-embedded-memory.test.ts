import { describeDatabaseContract } from '../src/testing/contract.ts'
import { openMemoryDatabase } from '../src/testing/index.ts'
import { runSql } from '../src/testing/run-sql.ts'

describeDatabaseContract('embedded Postgres in memory', {
  driver: 'embedded',
  keepsSqlstate: true,
  async create() {
    const database = await openMemoryDatabase()
    return {
      database,
      sql: (text: string) => runSql(database, text),
      callAs: (claims, name) => database.call(name, {}, { claims }),
      [Symbol.asyncDispose]: () => database.close(),
    }
  },
})
