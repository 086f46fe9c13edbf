import { callable, keyList } from '@core/api/functions'
import type { Database } from '@core/database'
import { CoreError } from '@core/foundation'

/**
 * Off loopback a first start would print the owner key into a log that others may read.
 * @throws CoreError E_CONFIG_INVALID where the database has no active owner key.
 */
export async function requireStoredOwnerKey(database: Pick<Database, 'rpc'>, host: string): Promise<void> {
  const { keys } = await callable(database, keyList)({})
  if (keys.some(({ status }) => status === 'active')) return
  throw new CoreError('E_CONFIG_INVALID', `listening on ${host} needs an owner key, and there is none`, {
    fix: 'Run core init, which makes and prints one, or set CORE_OWNER_KEY to a long random text.',
    details: { variable: 'CORE_OWNER_KEY' },
  })
}
