// Takes claims on overlapping paths until its time is over, and writes down when it had which.
//   node claim-process.ts <database url> <number of the process> <milliseconds>
import { openDatabase } from '@core/database'
import { runSql } from '@core/database/testing'
import { isCoreError } from '@core/foundation'
import { createCoordinator } from '../src/index.ts'
import { racedPaths } from './raced-paths.ts'

const [url = '', at = '0', forMs = '5000'] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'postgres', url, poolSize: 1 })
const coordinator = createCoordinator({ database, project: 'smart_layer' })
const me = await coordinator.join({ fingerprint: at.padStart(64, '0') })
const until = Date.now() + Number(forMs)
while (Date.now() < until) {
  const path = racedPaths[Math.floor(Math.random() * racedPaths.length)] ?? ''
  const mode = Math.random() < 0.3 ? 'shared' : 'exclusive'
  try {
    await using claim = await me.claim(path, { mode })
    const [row] = await runSql(database, 'select clock_timestamp()::text as since', [])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    const held = [at, path, mode, String(claim.fence), row?.['since'] ?? null]
    await runSql(database, 'insert into public.held values ($1, $2, $3, $4, $5, clock_timestamp())', held)
  } catch (error) {
    if (!isCoreError(error, 'E_CONFLICT')) throw error
  }
}
await me[Symbol.asyncDispose]()
