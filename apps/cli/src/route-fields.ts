import { type Fault, type RouteContract, toFaults } from '@core/api'
import type { UntypedRequest } from '@core/api/client'
import { CoreError, suggestName } from '@core/foundation'
import { z } from 'zod'

type Fields = Readonly<Record<string, unknown>>

const parts = [
  ['params', 'path'],
  ['query', 'query'],
  ['body', 'body'],
] as const

/** What a route takes, in whichever part of the request. */
export function fieldsOf({ input }: RouteContract): string[] {
  return parts.flatMap(([part]) => Object.keys(input[part].shape))
}

/**
 * `name=value` as fields of a route. A value is what it says as JSON where the route takes that, else the text as it is:
 * `amount=5` is a number, `name=5` a text.
 * @throws CoreError E_INVALID for what is no pair, or names no field of the route.
 */
export function readPairs(route: RouteContract, pairs: readonly string[]): Fields {
  return Object.fromEntries(pairs.map((pair) => readPair(route, pair)))
}

function readPair(route: RouteContract, pair: string): [string, unknown] {
  const at = pair.indexOf('=')
  if (at < 1) {
    throw new CoreError('E_INVALID', `${JSON.stringify(pair)} is not a field and its value`, {
      fix: 'Write name=value, or name=\'["a","b"]\' for JSON.',
    })
  }
  const [name, text] = [pair.slice(0, at), pair.slice(at + 1)]
  const field = parts.map(([part]) => route.input[part].shape).find((shape) => Object.hasOwn(shape, name))?.[name]
  if (field === undefined) throw unknownField(route, name)
  const json = tryJson(text)
  return [name, json !== undefined && z.safeParse(field, json).success ? json : text]
}

/**
 * Fields as the request of a route.
 * @throws CoreError E_INVALID with every field that is missing, unknown or wrong, before anything is sent.
 */
export function toRequest(route: RouteContract, fields: Fields): UntypedRequest {
  const known = new Set(fieldsOf(route))
  for (const name of Object.keys(fields)) if (!known.has(name)) throw unknownField(route, name)
  const faults: Fault[] = []
  const entries = parts.map(([part, location]) => {
    const schema = route.input[part]
    const own = Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(schema.shape, name)))
    const parsed = schema.safeParse(own)
    if (!parsed.success) faults.push(...toFaults(location, schema, parsed.error))
    return [part, own] as const
  })
  if (faults.length === 0) return Object.fromEntries(entries)
  const lines = faults.map(({ location, message, fix }) => `\n  ${location}: ${message}${fix ? ` (${fix})` : ''}`)
  throw new CoreError('E_INVALID', `${route.operation} has invalid fields:${lines.join('')}`, {
    fix: `It takes ${fieldsOf(route).join(', ') || 'nothing'}.`,
  })
}

function unknownField(route: RouteContract, name: string): CoreError {
  const known = fieldsOf(route)
  const meant = suggestName(name, known)
  return new CoreError('E_INVALID', `${route.operation} takes no ${JSON.stringify(name)}`, {
    fix: meant ? `Did you mean ${meant}?` : `It takes ${known.join(', ') || 'nothing'}.`,
  })
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
