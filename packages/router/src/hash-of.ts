import { createHash } from 'node:crypto'
import type { ModelRequest } from './call.ts'

/** Of all that decides the answer to a request: the client's headers pass to the provider, too. */
export function hashOfRequest({ dialect, operation, headers, body }: ModelRequest): string {
  return hashOf(dialect, operation, JSON.stringify(headers), body)
}

/** SHA-256, in hexadecimal digits, of parts that cannot run into each other. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}
