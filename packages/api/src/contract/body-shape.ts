import { isObject } from '@core/foundation'
import type { BodyShape } from './wire-operation.ts'

export type BodyShapes = Readonly<Record<string, BodyShape>>

/** No value fits the shape. `path` leads to the place: `budgets.0.limit`. */
export class MisfitError extends Error {
  override readonly name = 'MisfitError'
}

/**
 * The value with what its shape names, and nothing else. Throws MisfitError where a member is missing or has another
 * type. Values of enumerations and ranges are not checked: a later server may know more of them.
 */
export function fit(value: unknown, shape: BodyShape, shapes: BodyShapes, path = 'body'): unknown {
  if (shape === 'any') return value
  if (typeof shape === 'string') return fitScalar(value, shape, path)
  if ('ref' in shape) return fit(value, shapes[shape.ref] ?? 'any', shapes, path)
  if ('anyOf' in shape) return fitAny(value, shape.anyOf, shapes, path)
  if ('items' in shape) {
    if (!Array.isArray(value)) throw new MisfitError(`${path} is not a list`)
    return value.map((item, index) => fit(item, shape.items, shapes, `${path}.${index}`))
  }
  return fitObject(value, shape, shapes, path)
}

function fitScalar(value: unknown, type: 'string' | 'number' | 'boolean' | 'null', path: string): unknown {
  if (type === 'null' ? value === null : typeof value === type) return value
  throw new MisfitError(`${path} is not ${type === 'null' ? 'null' : `a ${type}`}`)
}

function fitAny(value: unknown, options: readonly BodyShape[], shapes: BodyShapes, path: string): unknown {
  let last: unknown
  for (const option of options) {
    try {
      return fit(value, option, shapes, path)
    } catch (error) {
      last = error
    }
  }
  throw last
}

function fitObject(
  value: unknown,
  { members, isOpen }: Extract<BodyShape, { members: unknown }>,
  shapes: BodyShapes,
  path: string,
): unknown {
  if (!isObject(value)) throw new MisfitError(`${path} is not an object`)
  const fitted: [string, unknown][] = isOpen ? Object.entries(value) : []
  for (const [key, shape] of Object.entries(members)) {
    const name = key.replace(/\?$/, '')
    if (Object.hasOwn(value, name)) fitted.push([name, fit(value[name], shape, shapes, `${path}.${name}`)])
    else if (name === key) throw new MisfitError(`${path}.${name} is missing`)
  }
  return Object.fromEntries(fitted)
}
