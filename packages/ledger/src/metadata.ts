import { CoreError, copyStorable, isObject, type Storable } from '@core/foundation'

/** The caller's own data, stored with the journal row; a JSON object of at most 16 KB. */
export type Metadata = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/**
 * A caller's metadata as the ledger keeps it: a copy, so that later changes of the caller's object have no effect.
 * @throws CoreError E_INVALID that names the path of a value that cannot be stored.
 */
export function copyMetadata(metadata: unknown): Storable {
  if (isObject(metadata)) return copyStorable('metadata', metadata)
  throw new CoreError('E_INVALID', 'metadata must be an object', {
    details: { reason: 'invalid_metadata', field: 'metadata' },
  })
}
