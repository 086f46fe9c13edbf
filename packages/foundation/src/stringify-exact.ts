import { CoreError } from './errors.ts'
import { formatPlace } from './storable.ts'

/** What may stand for a number that JSON cannot write (`null`), or that is read as another one: not the digits of an id. */
const suspicious = /null|\b\d{16}|e\+/

/**
 * JSON of a value, as `JSON.stringify` makes it, in which every number is the one that was given: `NaN` would become null,
 * and an integer beyond 2^53 - 1 is not the one that somebody wrote.
 * @throws CoreError E_INVALID that names the place, and where JSON has no form for the value; `field` is what the caller calls it.
 */
export function stringifyExact(field: string, value: unknown): string {
  const text = stringify(field, value)
  const path = text !== undefined && suspicious.test(text) ? findInexact(value, []) : undefined
  if (path === undefined) return text
  const place = formatPlace(field, path)
  throw new CoreError('E_INVALID', `${place} is not a finite number of at most 2^53 - 1`, {
    fix: 'Write it as text where it is not an amount.',
    details: { reason: 'unstorable', field, place },
  })
}

function stringify(field: string, value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new CoreError('E_INVALID', `${field} cannot be written as JSON: ${cause}`, {
      cause,
      details: { reason: 'unstorable', field },
    })
  }
}

type Path = readonly (string | number)[]

function findInexact(value: unknown, path: Path): Path | undefined {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : path
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  for (const [step, part] of entries) {
    const found = findInexact(part, [...path, step])
    if (found !== undefined) return found
  }
  return undefined
}
