import { findUnstorable } from '@core/foundation'
import type { FastifyRequest } from 'fastify'
import { ProblemError } from './problem-error.ts'

/** Of a whole body: a batch has three levels above the metadata of an operation, which has 32 of its own. */
export const maxBodyDepth = 40

/**
 * Parses a body, and refuses with its place what no field can hold: text that Postgres cannot store, and the name
 * `__proto__`, which libraries drop or take for an object's prototype. Which numbers are right depends on the field.
 */
export function parseJsonBody(
  _request: FastifyRequest,
  text: string | Buffer,
  done: (error: Error | null, body?: unknown) => void,
): void {
  const body = text === '' ? undefined : readJson(String(text))
  if (body instanceof ProblemError) done(body)
  else done(null, body)
}

function readJson(text: string): unknown {
  let body: unknown
  try {
    body = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return new ProblemError('invalid', 'the body is not valid JSON')
  }
  const found = findUnstorable(body, { maxDepth: maxBodyDepth, refusedName: '__proto__', anyNumber: true })
  // What is too deep is left to its field, which says which one it is and what it takes.
  if (found === undefined || found.isTooDeep) return body
  const location = ['body', ...found.path].join('.')
  const errors = [{ location, message: found.finding }]
  return new ProblemError('invalid', `${location} is refused: ${found.finding}`, { errors })
}
