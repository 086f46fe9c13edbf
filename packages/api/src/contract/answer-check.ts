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
  if (def.checks !== undefined && def.checks.length > 0) throw unsupported('checks')
  switch (def.type) {
    case 'string':
      if ('format' in def) throw unsupported('a format')
      return (value) => typeof value === 'string'
    case 'number':
      if ('format' in def) throw unsupported('a format')
      return Number.isFinite
    case 'boolean':
      return (value) => typeof value === 'boolean'
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
    case 'union': {
      const options = def.options.map(createCheck)
      return (value) => options.some((fits) => fits(value))
    }
    case 'object':
      if (def.catchall !== undefined) throw unsupported('a catchall')
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

function toObjectCheck(fields: readonly (readonly [name: string, check: Check])[]): Check {
  return (value) => {
    if (!isObject(value)) return false
    for (const [name, check] of fields) if (!check(value[name])) return false
    return true
  }
}

/** A fault of the description, which its first use in any test shows. */
function unsupported(what: string): CoreError {
  return new CoreError('E_INTERNAL', `no answer may have ${what}`)
}
