import { describeDatabaseContract } from '../src/testing/contract.ts'
import { openInMemory } from '../src/testing/memory-database.ts'
import { runSql } from '../src/testing/run-sql.ts'

describeDatabaseContract('embedded Postgres in memory', {
  driver: 'embedded',
  keepsSqlstate: true,
  async create() {
    const database = await openInMemory({ drainMs: 1_500, closeMs: 100 }) // a nap takes the CPU for as long
    return {
      database,
      sql: (text: string) => runSql(database, text),
      callAs: (claims, name) => database.call(name, {}, { claims }),
      [Symbol.asyncDispose]: () => database.close(),
    }
  },
})
