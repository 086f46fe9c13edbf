import type { BatchOperation } from '@core/api'
import type { JsonInput } from '@core/database'
import { ProblemError } from '../../http/problem-error.ts'

const longestKey = 200

/**
 * The operations as the database takes them. One without a key of its own gets one from the request's: the same
 * request again has the same keys.
 */
export function toBatchOperations(ops: readonly BatchOperation[], idempotencyKey: string): JsonInput {
  return ops.map(({ key, ...op }, index) => {
    const ownKey = key ?? deriveKey(idempotencyKey, index)
    if (!('ttlSeconds' in op)) return { ...op, key: ownKey }
    const { ttlSeconds, ...rest } = op
    return { ...rest, key: ownKey, ttl_s: ttlSeconds }
  })
}

function deriveKey(idempotencyKey: string, index: number): string {
  const key = `${idempotencyKey}:${index}`
  if (key.length <= longestKey) return key
  const message = 'too long to make keys of it for the operations that have none'
  throw new ProblemError('invalid', message, {
    errors: [
      { location: 'header.Idempotency-Key', message, fix: 'Send at most 195 characters, or a key per operation.' },
    ],
  })
}
