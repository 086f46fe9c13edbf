import { hash } from 'node:crypto'
import type { ConditionalUse, RouteContract } from '@core/api'
import { ProblemError } from './problem-error.ts'

/** What a request's If-Match and If-None-Match mean. */
export interface Precondition {
  /** Of an edit, for the database: the states it may be made in. null: any or none; [] none; ['*'] any. */
  readonly ifMatch: readonly string[] | null
  /** Of a read: the tags that are known; '*' where anything is. */
  readonly known: readonly string[] | '*'
}

type Conditional = Pick<RouteContract, 'conditional' | 'method'>

interface ConditionalHeaders {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

const unconditional: Precondition = { ifMatch: null, known: [] }

/**
 * Reads the conditional header fields of a route that has any (RFC 9110, 13.1). Of a tag `"state-rest"` an edit takes the
 * state: what else the representation shows (a balance) does not matter. A change that cannot honour its
 * condition is refused, because its sender relies on it.
 * @throws ProblemError invalid for what is no list of entity tags, or a condition where none is taken.
 */
export function readPrecondition({ conditional: use, method }: Conditional, headers: ConditionalHeaders): Precondition {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if (match === undefined && noneMatch === undefined) return unconditional
  if (use === undefined && method === 'GET') return unconditional
  if (use === undefined) {
    const field = match === undefined ? 'If-None-Match' : 'If-Match'
    throw refuse(field, 'this operation takes no condition', 'Send it without the header, or edit what has an ETag.')
  }
  if (use === 'read') return { ifMatch: null, known: readTags('If-None-Match', noneMatch, false) }
  if (noneMatch === undefined) {
    const tags = readTags('If-Match', match, true)
    return { ifMatch: tags === '*' ? ['*'] : tags.map((tag) => tag.replace(/-.*/, '')), known: [] }
  }
  if (match === undefined && noneMatch.trim() === '*') return { ifMatch: [], known: [] }
  throw refuse('If-None-Match', match === undefined ? 'must be * on an edit' : 'cannot be sent together with If-Match')
}

const tagList = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/

/** The tags between their quotes. A weak one is never the same as another where the comparison is strong. */
function readTags(field: string, value: string | undefined, isStrong: boolean): readonly string[] | '*' {
  if (value === undefined) return []
  if (value.trim() === '*') return '*'
  if (value.length > 2000 || !tagList.test(value)) throw refuse(field, 'must be * or a list of entity tags')
  const tags = [...value.matchAll(/(W\/)?"([^"]*)"/g)]
  // A tag of the text * would pass for the wildcard where it is read next.
  return tags.filter(([, weak, tag]) => !(isStrong && weak) && tag !== '*').map(([, , tag = '']) => tag)
}

function refuse(field: string, message: string, fix = 'Send the ETag as it came, quotes included.'): ProblemError {
  return new ProblemError('invalid', `header.${field}: ${message}`, {
    errors: [{ location: `header.${field}`, message, fix }],
  })
}

/**
 * The entity tag of an answer. Of an edit it is the state alone. Of a read it covers the whole representation except
 * the time of the reading: the state it can be edited in, if it is of one thing, then the rest.
 */
export function toEntityTag(use: ConditionalUse, body: Readonly<Record<string, unknown>>): string | undefined {
  const state = typeof body['etag'] === 'string' ? body['etag'] : undefined
  if (use === 'edit') return state === undefined ? undefined : `"${state}"`
  const { at, ...representation } = body
  const rest = hash('sha256', JSON.stringify(representation)).slice(0, 32)
  return state === undefined ? `"${rest}"` : `"${state}-${rest}"`
}

/** Whether a reader has it already. Weak and strong are alike here: what was served compressed is the same. */
export function isKnown({ known }: Precondition, entityTag: string): boolean {
  return known === '*' || known.includes(entityTag.slice(1, -1))
}
