import { isObject } from '@core/foundation'
import { toPortable } from './portable-schema.ts'

type JsonObject = { [key: string]: unknown }

/** Longer than any text, list or number an answer holds, so that a validator can refuse what grows beyond reason. */
const textAtMost = 65_536
const itemsAtMost = 10_000
const lengthByFormat: Readonly<Record<string, number>> = { uuid: 36, 'date-time': 64 }

/** A JSON Schema in which every text and list has an end and every whole number says how wide it is, spelled for generators of clients. */
export function toBounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toBounded)
  if (!isObject(schema)) return schema
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, isData(key) ? value : toBounded(value)]),
  )
  return toPortable({ ...inner, ...boundsOf(inner) })
}

function boundsOf(schema: JsonObject): JsonObject {
  const { type, format, maximum } = schema
  const includes = (name: string) => type === name || (Array.isArray(type) && type.includes(name))
  const bounds: JsonObject = {}
  if (includes('string') && !('maxLength' in schema || 'enum' in schema || 'const' in schema))
    bounds['maxLength'] = lengthByFormat[String(format)] ?? textAtMost
  if (includes('array') && !('maxItems' in schema)) bounds['maxItems'] = itemsAtMost
  if (includes('integer') && format === undefined)
    bounds['format'] = typeof maximum === 'number' && maximum < 2 ** 31 ? 'int32' : 'int64'
  return bounds
}

/** Members that hold values, not schemas. */
function isData(key: string): boolean {
  return key === 'default' || key === 'enum' || key === 'const' || key === 'example' || key === 'examples'
}
