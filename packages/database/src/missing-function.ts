import { CoreError } from '@core/foundation'

/** The database is older or newer than this version of Core, or the name is wrong. */
export function missingFunction(name: string, cause?: unknown): CoreError {
  return new CoreError('E_DATABASE_SCHEMA', `the database has no function core_api.${name}`, {
    cause,
    fix: 'Run `core migrate status`: where migrations are pending, `core migrate up`; where the database is newer, upgrade this Core.',
    details: { function: name },
  })
}
