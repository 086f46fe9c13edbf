import { isObject } from '@core/foundation'

const maxDepth = 16

/** The simplest value that fits the usual keywords of a JSON Schema. */
export function sampleOf(schema: unknown, depth = 0): unknown {
  if (!isObject(schema) || depth > maxDepth) return null
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  const first = [schema['anyOf'], schema['oneOf']].find(Array.isArray)
  if (first !== undefined) return sampleOf(first[0], depth + 1)
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'string':
      return 'text'
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 0
    case 'boolean':
      return false
    case 'array':
      return Number(schema['minItems'] ?? 0) > 0 ? [sampleOf(schema['items'], depth + 1)] : []
    case 'null':
      return null
    default: {
      const properties = isObject(schema['properties']) ? schema['properties'] : {}
      const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
      return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name], depth + 1)]))
    }
  }
}
