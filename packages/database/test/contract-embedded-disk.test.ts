import { describeDatabaseContract } from '../src/testing/contract.ts'
import { openEmbedded } from '../src/testing/embedded-database.ts'
import { runSql } from '../src/testing/run-sql.ts'

describeDatabaseContract('embedded Postgres on disk', {
  driver: 'embedded',
  keepsSqlstate: true,
  async create() {
    const { database, driver } = await openEmbedded({ drainMs: 1_500, closeMs: 100 }) // a nap takes the CPU for as long
    return {
      database,
      driver,
      sql: (text: string) => runSql(database, text),
      callAs: (claims, name) => database.call(name, {}, { claims }),
      [Symbol.asyncDispose]: () => database.close(),
    }
  },
  cut: ({ driver }) => driver.crash(),
})
