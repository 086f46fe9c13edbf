// A sibling in plain JavaScript: from an empty folder to a settled job. Its last line is what the test compares.
import { loadConfig } from '@core/config'
import { openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { createLedger, credits } from '@core/ledger'

const config = loadConfig()
const database = await openDatabase(config.database)
const { applied, total } = await migrateUp({ database })
await database.rpc('project_register', { p_name: 'smart_layer' })
await database.rpc('ledger_account_open', { p_key: 'open', p_account: 'smart_layer' })

const ledger = createLedger({ database })
const granted = await ledger.grant({ key: 'grant', account: 'smart_layer', amount: credits(10) })
const reserved = await ledger.reserve({ key: 'reserve', account: 'smart_layer', amount: credits(4) })
const settled = await ledger.settle({ key: 'settle', hold: reserved.hold, amount: credits(2.5) })
await ledger.close()
await database.close()

const statuses = [granted, reserved, settled].map(({ status }) => status)
console.log(JSON.stringify({ migrations: [applied.length, total], statuses, available: settled.available }))
