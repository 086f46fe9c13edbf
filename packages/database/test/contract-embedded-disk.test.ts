import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger as logger, systemClock } from '@core/foundation'
import { afterAll, beforeAll } from 'vitest'
import { createEmbeddedDriver } from '../src/drivers/embedded.ts'
import { createSqlDatabase } from '../src/sql-database.ts'
import { describeDatabaseContract } from '../src/testing/contract.ts'
import { prepareEmbeddedFolder } from '../src/testing/index.ts'
import { runSql } from '../src/testing/run-sql.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-embedded-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let copies = 0

describeDatabaseContract('embedded Postgres on disk', {
  driver: 'embedded',
  keepsSqlstate: true,
  async create() {
    const dataDir = join(folder, `copy-${copies++}`)
    await prepareEmbeddedFolder(dataDir)
    const driver = await createEmbeddedDriver({ driver: 'embedded', dataDir }, { logger, closeMs: 100 })
    const drainMs = 1_500 // a nap takes the CPU for as long
    const database = createSqlDatabase({ driver, timeoutMs: 60_000, logger, clock: systemClock, drainMs })
    return {
      database,
      driver,
      sql: (text: string) => runSql(database, text),
      callAs: (claims, name) => database.call(name, {}, { claims }),
      async [Symbol.asyncDispose]() {
        await database.close()
        await rm(dataDir, { recursive: true, force: true })
      },
    }
  },
  cut: ({ driver }) => driver.crash(),
})
