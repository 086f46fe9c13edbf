// Joins, tries to join once more, says how that went, and ends without leaving: as a container that is killed.
//   node join-process.ts <database url>
import { openDatabase } from '@core/database'
import { isCoreError } from '@core/foundation'
import { createCoordinator } from '../src/index.ts'

const [url = ''] = process.argv.slice(2)
const database = await openDatabase({ driver: 'postgres', url, poolSize: 1 })
const coordinator = createCoordinator({ database, project: 'baker' })
await coordinator.join()
const again = await coordinator.join().then(
  () => 'joined',
  (error: unknown) => (isCoreError(error) ? error.details?.['reason'] : String(error)),
)
process.stdout.write(JSON.stringify({ pid: process.pid, again }), () => process.exit())
