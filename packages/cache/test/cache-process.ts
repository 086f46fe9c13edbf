// One process of a herd: asks for one key many times at once and says how often it had to load it itself.
//   node cache-process.ts <database url> <namespace> <calls> <load ms> <ok|throw|hang>
import { openDatabase } from '@core/database'
import { createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

const [url = '', namespace = '', calls = '1', loadMs = '0', how = 'ok'] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'postgres', url, poolSize: 2 })
await using cache = createCache({
  namespace,
  store: postgresStore({ database, project: 'smart_layer' }),
  leaseTtlMs: 3_000,
  storeTimeoutMs: 10_000,
  jitter: 0,
})
let loads = 0
const load = async () => {
  loads++
  process.send?.({ type: 'loading' })
  await new Promise((resolve) => setTimeout(resolve, how === 'hang' ? 3_600_000 : Number(loadMs)))
  if (how === 'throw') throw new Error('provider down\0') // what the others learn of it is stored
  return process.pid
}
const options = { hardTimeoutMs: 20_000, failureBackoff: '30s' } as const
const results = await Promise.allSettled(
  Array.from({ length: Number(calls) }, () => cache.getOrSet('k', load, options)),
)
const values = new Set(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed')))
process.send?.({ type: 'done', loads, values: [...values] })
process.disconnect?.()
