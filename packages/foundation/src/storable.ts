import { CoreError } from './errors.ts'

/** A JSON value that Postgres keeps as it is. */
export type Storable = string | number | boolean | null | readonly Storable[] | { readonly [name: string]: Storable }

export interface StorableOptions {
  /** Levels of lists and objects inside each other. Default 32. */
  readonly maxDepth?: number | undefined
  /** A name that the caller does not accept in any object. Default: every name is accepted. */
  readonly refusedName?: string | undefined
  /** Leaves numbers to another check. Default false. */
  readonly anyNumber?: boolean | undefined
}

/** What cannot be stored, and where. */
export interface Unstorable {
  /** From the value down to the place; names are cut to 100 characters. Empty where the value is nested too deep. */
  readonly path: readonly (string | number)[]
  /** Completes "… cannot be stored: ". */
  readonly finding: string
  readonly isTooDeep: boolean
}

const MAX_DEPTH = 32
const MAX_NAME_LENGTH = 100

/**
 * Finds the first part of a value that Postgres cannot keep as it is: a NUL or half of a surrogate pair, in a text or
 * in a name; a number that is not finite, or beyond 2^53 - 1, where a JSON number no longer says which integer was
 * written; a value that JSON does not have (undefined, a function, a Date or another object with a class of its own);
 * and what is nested too deep or in itself. Undefined when all of it can be stored.
 */
export function findUnstorable(value: unknown, options: StorableOptions = {}): Unstorable | undefined {
  const result = walk(value, { ...options, copies: false }, 0)
  return result instanceof Fault ? result : undefined
}

/**
 * A copy of a value for keeping: later changes of the original do not reach it, and every name, `__proto__` too, is a
 * property of its own.
 * @throws CoreError E_INVALID that names the place of what cannot be stored; `field` is what the caller calls the value.
 */
export function copyStorable(field: string, value: unknown, options: StorableOptions = {}): Storable {
  const result = walk(value, { ...options, copies: true }, 0)
  if (!(result instanceof Fault)) return result
  const place = formatPlace(field, result.path)
  throw new CoreError('E_INVALID', `${place} cannot be stored: ${result.finding}`, {
    details: { reason: 'unstorable', field, place },
  })
}

/** `metadata.items[2].note`; a name that is no identifier is written in brackets and quotes. */
export function formatPlace(root: string, path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    return /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
  })
  return root + steps.join('')
}

/** A result of the walk that ends it; its path grows on the way back. */
class Fault implements Unstorable {
  readonly path: (string | number)[] = []
  readonly finding: string
  readonly isTooDeep: boolean

  constructor(finding: string, isTooDeep = false) {
    this.finding = finding
    this.isTooDeep = isTooDeep
  }

  at(step: string | number): this {
    if (this.isTooDeep) return this
    this.path.unshift(typeof step === 'string' ? step.slice(0, MAX_NAME_LENGTH).toWellFormed() : step)
    return this
  }
}

interface Walk extends StorableOptions {
  /** Whether the result is kept: building one takes longer than looking. */
  readonly copies: boolean
}

function walk(value: unknown, options: Walk, depth: number): Storable | Fault {
  switch (typeof value) {
    case 'string':
      return textFault(value) ?? value
    case 'boolean':
      return value
    case 'number':
      return (options.anyNumber ? undefined : numberFault(value)) ?? (value === 0 ? 0 : value) // JSON has no negative zero
    case 'object':
      break
    default:
      return new Fault(`JSON has no ${typeof value}`)
  }
  if (value === null) return null
  const { maxDepth = MAX_DEPTH } = options
  if (depth >= maxDepth) return new Fault(`it is nested more than ${maxDepth} levels deep`, true)
  return Array.isArray(value) ? walkList(value, options, depth + 1) : walkObject(value, options, depth + 1)
}

function walkList(list: readonly unknown[], options: Walk, depth: number): Storable[] | Fault {
  const items: Storable[] = []
  for (const [index, item] of list.entries()) {
    const kept = walk(item, options, depth)
    if (kept instanceof Fault) return kept.at(index)
    if (options.copies) items.push(kept)
  }
  return items
}

function walkObject(object: object, options: Walk, depth: number): Storable | Fault {
  if (!isPlain(object)) return new Fault(`it is a ${kindOf(object)}, not a plain object; convert it to text`)
  let copy: Record<string, Storable> = {}
  for (const name of Object.keys(object)) {
    if (name === options.refusedName) return new Fault(`the name ${name} is not accepted`).at(name)
    const kept = textFault(name) ?? walk((object as Readonly<Record<string, unknown>>)[name], options, depth)
    if (kept instanceof Fault) return kept.at(name)
    if (!options.copies) continue
    // Assigned, this name would set the prototype.
    if (name === '__proto__') copy = { ...copy, [name]: kept }
    else copy[name] = kept
  }
  return copy
}

function textFault(text: string): Fault | undefined {
  if (text.includes('\0')) return new Fault('it has a NUL character (U+0000)')
  return text.isWellFormed() ? undefined : new Fault('it has half of a surrogate pair')
}

function numberFault(value: number): Fault | undefined {
  if (!Number.isFinite(value)) return new Fault('it is not a finite number')
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined
  return new Fault('numbers beyond 2^53 - 1 are not exact; write it as text')
}

/** Of any realm: its prototype is null, or one that has no prototype itself. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function kindOf(object: object): string {
  return object.constructor?.name || 'special object'
}
