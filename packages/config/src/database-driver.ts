import { type ConfigFault, nothing } from './config-fault.ts'
import type { ChosenValues } from './layer.ts'

export type DatabaseDriver = 'embedded' | 'postgres' | 'supabase'

/** Says which driver the settings ask for, or what is missing or contradictory between them. */
export function chooseDriver(chosen: ChosenValues): { driver: DatabaseDriver; faults: readonly ConfigFault[] } {
  const named = chosen.get('database.driver')
  const url = chosen.get('database.url')
  const supabaseUrl = chosen.get('database.supabase.url')
  const supabaseKey = chosen.get('database.supabase.serviceRoleKey')

  if (named?.value === 'postgres') {
    return { driver: 'postgres', faults: url ? [] : [missing(databaseUrl, 'because the driver is postgres')] }
  }
  // A driver named above the URL overrules it; named beside or below it, one of the two is a mistake.
  if ((named?.value === 'embedded' || named?.value === 'supabase') && url && url.rank >= named.rank) {
    const expected = `no CORE_DATABASE_URL with the driver ${named.value}, or the driver postgres`
    const contradiction = {
      ...driver,
      source: named.source,
      found: `${named.value} beside CORE_DATABASE_URL`,
      expected,
    }
    return { driver: named.value, faults: [contradiction] }
  }
  if (named?.value === 'embedded') return { driver: 'embedded', faults: [] }
  if (named?.value !== 'supabase' && url) return { driver: 'postgres', faults: [] }
  if (named?.value !== 'supabase' && !supabaseUrl && !supabaseKey) return { driver: 'embedded', faults: [] }

  const because =
    named?.value === 'supabase'
      ? 'because the driver is supabase'
      : `because ${supabaseUrl ? supabase.url.variable : supabase.key.variable} is set (or CORE_DATABASE_DRIVER=embedded)`
  const faults: ConfigFault[] = []
  if (!supabaseUrl) faults.push(missing(supabase.url, because))
  if (!supabaseKey) faults.push(missing(supabase.key, because))
  return { driver: 'supabase', faults }
}

const driver = { variable: 'CORE_DATABASE_DRIVER', path: 'database.driver' }
const databaseUrl = { variable: 'CORE_DATABASE_URL', path: 'database.url' }
const supabase = {
  url: { variable: 'SUPABASE_URL', path: 'database.supabase.url' },
  key: { variable: 'SUPABASE_SERVICE_ROLE_KEY', path: 'database.supabase.serviceRoleKey' },
}

function missing(setting: { variable: string; path: string }, because: string): ConfigFault {
  return { ...setting, source: 'environment', found: nothing, expected: `a value, ${because}` }
}
