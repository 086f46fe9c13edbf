import type { Database } from '@core/database'
import { CoreError, isCoreError } from '@core/foundation'

/** The database is there and busy, or it is not: it may be later. Everything else is wrong for as long as the program runs. */
const passing: readonly string[] = ['E_DATABASE_UNAVAILABLE', 'E_DATABASE_BUSY', 'E_TIMEOUT', 'E_RATE_LIMITED']

/**
 * One call, so that a program with a wrong key ends at its start and not at its first user.
 * @returns undefined where it was answered, else why the database is away.
 */
export async function checkConnection(
  database: Database,
  project: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<CoreError | undefined> {
  try {
    await database.rpc('flag_list', { p_project: project, p_limit: 1 }, options)
    return undefined
  } catch (error) {
    if (!isCoreError(error)) throw error
    if (error.code === 'E_FORBIDDEN') {
      if (error.details['reason'] !== 'forbidden_project') return undefined // a key without flag:read is one nevertheless
      throw new CoreError('E_FORBIDDEN', `the key is not one of the project ${project}: ${error.message}`, {
        cause: error,
        fix: `Use a key of ${project}, or open the project that this key belongs to.`,
        details: error.details,
      })
    }
    if (passing.includes(error.code)) return error
    if (error.fix !== undefined || error.code === 'E_ABORTED') throw error
    throw new CoreError(error.code, error.message, {
      cause: error,
      fix: 'Check that the address is that of a control plane or of a Supabase project with Core, and the key one of it.',
      details: error.details,
    })
  }
}
