import { CoreError } from '@core/foundation'

/** An answer of the database that does not fit its description: package and database are of different versions. */
export function unknownAnswer(name: string, cause?: unknown): CoreError {
  return new CoreError('E_INTERNAL', `${name} answered in a form that this version of @core/ledger does not know`, {
    cause,
    fix: 'Upgrade @core/ledger or run `core migrate up`, so that both match.',
  })
}
