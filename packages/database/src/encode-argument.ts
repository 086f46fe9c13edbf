import { CoreError, stringifyExact } from '@core/foundation'
import type { JsonInput } from './json.ts'

/** An argument in Postgres's text format, as its type wants it. Null is SQL null, also for jsonb (as in PostgREST). */
export function encodeArgument(name: string, type: string, value: JsonInput): string | null {
  if (value === null || value === undefined) return null
  if (type === 'jsonb' || type === 'json') return stringifyExact(name, value)
  if (type.endsWith('[]') && Array.isArray(value)) return encodeArray(name, value)
  switch (typeof value) {
    case 'string':
      return requireWellFormed(name, value)
    case 'number':
    case 'boolean':
      return encodeScalar(name, value)
    default:
      throw invalid(name, `must be ${type}, got ${Array.isArray(value) ? 'an array' : 'an object'}`)
  }
}

function encodeScalar(name: string, value: number | boolean): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(name, `must be a finite number, got ${value}`)
  return String(value)
}

/** The literal form `{1,"two \"quoted\"",NULL}`. */
function encodeArray(name: string, values: readonly JsonInput[]): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return encodeArray(name, value)
    if (typeof value === 'object') return quote(stringifyExact(name, value))
    return quote(
      typeof value === 'string' ? requireWellFormed(name, value) : encodeScalar(name, value as number | boolean),
    )
  })
  return `{${items.join(',')}}`
}

/** UTF-8 has no half of a surrogate pair: it would arrive as U+FFFD, so that two different texts became one. */
function requireWellFormed(name: string, text: string): string {
  if (text.isWellFormed()) return text
  throw invalid(name, 'has half of a surrogate pair, which UTF-8 does not have')
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function invalid(name: string, problem: string): CoreError {
  return new CoreError('E_INVALID', `${name} ${problem}`, {
    details: { reason: 'bad_argument', argument: name },
  })
}
