// A sibling in TypeScript: opens the database that spend.js left, and uses the types as a careful reader would.

import { isScope } from '@core/api'
import { type Client, createClient } from '@core/api/client'
import { createFlags, declareFlags, loadConfig } from '@core/config'
import { type Database, openDatabase } from '@core/database'
import { migrateStatus } from '@core/database/migrate'
import { isCoreError, uuidv7 } from '@core/foundation'
import { type Credits, createLedger, credits, type ReserveOutcome } from '@core/ledger'

await using database: Database = await openDatabase(loadConfig().database)
const { migrations } = await migrateStatus({ database })
const pending = migrations.filter(({ state }) => state !== 'applied').length

const declarations = declareFlags({ 'router.enabled': { description: 'Calls go through the router.', default: false } })
await using flags = createFlags({ declarations, database, project: 'smart_layer' })
const isRouted: boolean = flags.get('router.enabled')

await using ledger = createLedger({ database })
const before: Credits = await availableOf('smart_layer')
const outcome = await ledger.withHold({ account: 'smart_layer', max: credits(2) }, async (hold) => {
  hold.meter(credits(0.5))
  return uuidv7().length
})
const denial: ReserveOutcome = await ledger.reserve({ account: 'smart_layer', amount: credits(1_000) })
const missing = await database.rpc('ledger_hold_get', { p_hold: uuidv7() }).catch((error: unknown) => error)

// No server listens there: what matters is that the call is typed and fails as documented.
const client: Client = createClient({ url: 'http://127.0.0.1:9', timeoutMs: 2_000 })
const away = await client.live().catch((error: unknown) => error)

console.log(
  JSON.stringify({
    pending,
    isRouted,
    isKnown: isScope('ledger:spend'),
    work: outcome.status === 'done' ? outcome.value : outcome.status,
    spent: before - (await availableOf('smart_layer')),
    denial: denial.status === 'insufficient_credits' ? denial.available : denial.status,
    missing: isCoreError(missing) && missing.code,
    away: isCoreError(away) && away.code,
  }),
)

async function availableOf(account: string): Promise<Credits> {
  const balance = await ledger.balance(account)
  if (balance.status !== 'found') throw new Error(`there is no account ${balance.account}`)
  return balance.available
}
