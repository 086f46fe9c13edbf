// Works under a hold until it is killed. Run by with-hold.test.ts: connection string, account, key.
import { openDatabase } from '@core/database'
import { createLedger, microCredits } from '../src/index.ts'

const [url = '', account = '', key = ''] = process.argv.slice(2)
const ledger = createLedger({ database: await openDatabase({ driver: 'postgres', url }) })
await ledger.withHold({ account, max: microCredits(400), key, ttlSeconds: 3 }, async (hold) => {
  hold.meter(microCredits(100))
  process.send?.(hold.id)
  await new Promise(() => setInterval(() => undefined, 1_000))
})
