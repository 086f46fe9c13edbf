import { CoreError, isObject } from '@core/foundation'
import type { $ZodType, $ZodTypes } from 'zod/v4/core'

type Check = (value: unknown) => boolean

/**
 * A schema as a plain function that says whether a value fits, many times faster than the schema: it copies nothing and
 * collects no faults. For schemas that leave a value as it is; one that changes values is a fault of the program.
 * A test holds it equal to the schema.
 */
export function createCheck(schema: $ZodType): Check {
  const { def } = (schema as $ZodTypes)._zod
  if (def.checks !== undefined && def.checks.length > 0) throw unsupported(`${def.type} with checks`)
  switch (def.type) {
    case 'string':
      if ('format' in def) throw unsupported('a format of texts')
      return (value) => typeof value === 'string'
    case 'number':
      if (!('format' in def)) return Number.isFinite
      if (def.format === 'safeint') return Number.isSafeInteger
      throw unsupported(`the number format ${def.format}`)
    case 'boolean':
      return (value) => typeof value === 'boolean'
    case 'null':
      return (value) => value === null
    case 'custom':
      return (value) => Boolean(def.fn(value))
    case 'literal':
      return toMembership(def.values)
    case 'enum':
      return toMembership(Object.values(def.entries))
    case 'nullable': {
      const inner = createCheck(def.innerType)
      return (value) => value === null || inner(value)
    }
    case 'optional': {
      const inner = createCheck(def.innerType)
      return (value) => value === undefined || inner(value)
    }
    case 'array':
      return toArrayCheck(createCheck(def.element))
    case 'union':
      return toUnionCheck(def.options.map(createCheck))
    case 'object':
      if (def.catchall !== undefined) throw unsupported('an object with a rule for other names')
      return toObjectCheck(Object.entries(def.shape).map(([name, field]) => [name, createCheck(field)]))
    default:
      throw unsupported(def.type)
  }
}

function toMembership(values: readonly unknown[]): Check {
  const [only] = values
  return values.length === 1 ? (value) => value === only : (value) => values.includes(value)
}

function toArrayCheck(element: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!element(item)) return false
    return true
  }
}

function toUnionCheck(options: readonly Check[]): Check {
  return (value) => {
    for (const option of options) if (option(value)) return true
    return false
  }
}

function toObjectCheck(fields: readonly (readonly [name: string, check: Check])[]): Check {
  return (value) => {
    if (!isObject(value)) return false
    for (const [name, check] of fields) if (!check(value[name])) return false
    return true
  }
}

function unsupported(what: string): CoreError {
  return new CoreError('E_INTERNAL', `answers of functions are not described by ${what}`, {
    fix: 'Describe them with text, number, boolean, literal, enum, list, object, union, nullable, optional or custom.',
  })
}
