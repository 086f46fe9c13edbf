// Four mistakes, one per line; the declarations must refuse each. Types that became `any` on the way would not.
import { loadConfig } from '@core/config'
import { openDatabase } from '@core/database'
import { createLedger, credits } from '@core/ledger'

const database = await openDatabase({ driver: 'embeded', dataDir: 'memory' })
await database.rpc('ledger_reserve', { p_key: 'reserve', p_account: 'smart_layer', p_amount: '1' })
await createLedger({ database }).reserve({ account: 'smart_layer', amount: 1 })
export const port: string = loadConfig({ overrides: { http: { port: Number(credits(1)) } } }).http.port
