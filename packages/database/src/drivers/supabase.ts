import { type Clock, type Logger, raceSignal, stringifyExact, toHeaderValue } from '@core/foundation'
import { createClient } from '@supabase/supabase-js'
import type { Database, SupabaseConfig } from '../database.ts'
import { createRestDatabase } from './rest-database.ts'
import { toRestError } from './rest-error.ts'

export interface SupabaseDependencies {
  timeoutMs: number
  logger: Logger
  clock: Clock
}

/** PostgREST through supabase-js. The key's JWT decides who acts. */
export function createSupabaseDatabase(config: SupabaseConfig, dependencies: SupabaseDependencies): Database {
  const key = toHeaderValue('the key of a database', config.key)
  const client = createClient(config.url, config.apiKey ?? key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    accessToken: async () => key,
  }).schema('core_api')

  return createRestDatabase({
    ...dependencies,
    driver: 'supabase',
    async send(name, args, signal) {
      const sent = { ...args }
      for (const key in sent) if (sent[key] === undefined) delete sent[key]
      stringifyExact(`core_api.${name}`, sent) // the library writes NaN as null, and an object that contains itself as an outage
      const request = client.rpc(name, sent).abortSignal(signal)
      const { data, error, status } = await raceSignal(Promise.resolve(request), signal)
      if (!error) return data ?? null
      signal.throwIfAborted()
      // The library's own code for what it could not read; the status says more.
      throw toRestError(name, status, error.code === 'SUP' ? { ...error, code: undefined } : error)
    },
  })
}
