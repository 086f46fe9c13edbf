import { isObject } from '@core/foundation'

type JsonObject = { [key: string]: unknown }

/**
 * A JSON Schema in a spelling that generators of clients understand alike; what it allows stays the same. Generators make a
 * type that is neither for a choice between two texts, no valid program for a default that is an object, or none at all, and an object
 * without members where nothing is said of them.
 */
export function toPortable(schema: JsonObject): JsonObject {
  return openObject(withoutEmptyDefault(joinTexts(schema)))
}

/** A choice between texts is one text that has either pattern. */
function joinTexts(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || !anyOf.every(isPatternedText)) return schema
  return {
    type: 'string',
    pattern: `^(?:${anyOf.map(({ pattern }) => `(?:${pattern.slice(1, -1)})`).join('|')})$`,
    maxLength: Math.max(...anyOf.map(({ maxLength }) => maxLength)),
    ...rest,
  }
}

function isPatternedText(schema: unknown): schema is { pattern: string; maxLength: number } {
  return (
    isObject(schema) &&
    schema['type'] === 'string' &&
    typeof schema['pattern'] === 'string' &&
    /^\^.*\$$/s.test(schema['pattern']) &&
    typeof schema['maxLength'] === 'number'
  )
}

/** What is left out is the empty object, or has the defaults of its members. */
function withoutEmptyDefault(schema: JsonObject): JsonObject {
  const { default: value, ...rest } = schema
  return isObject(value) && Object.keys(value).length === 0 ? rest : schema
}

/** What is not said of members is that they may be anything. */
function openObject(schema: JsonObject): JsonObject {
  const { type } = schema
  const isBare = type === 'object' && !('properties' in schema || 'additionalProperties' in schema)
  return isBare ? { ...schema, additionalProperties: true } : schema
}
