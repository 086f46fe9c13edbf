import { isUtf8 } from 'node:buffer'
import { toLocation } from '@core/api'
import { findUnstorable } from '@core/foundation'
import type { FastifyRequest } from 'fastify'
import type { BodyTurns } from './body-turns.ts'
import { findLoss } from './lost-text.ts'
import { ProblemError } from './problem-error.ts'

/** Of a whole body: a batch has three levels above the metadata of an operation, which has 32 of its own. */
export const maxBodyDepth = 40

type Done = (error: Error | null, body?: unknown) => void

/**
 * Parses a body, and refuses with its place what no field can hold: text that Postgres cannot store, and the name
 * `__proto__`, which libraries drop or take for an object's prototype. Numbers beyond 2^53 - 1 are for their field to
 * judge; one that is read as an integer which it is not is refused here, for only the text shows it.
 */
export function createJsonParser(turns: BodyTurns) {
  return (request: Pick<FastifyRequest, 'caller' | 'ip'>, bytes: Buffer, done: Done): void =>
    turns(request, bytes, (error) => (error === null ? parse(bytes, done) : done(error)))
}

/** Calls back at once, and with that does all synchronous work of the request. */
function parse(bytes: Buffer, done: Done): void {
  const body = bytes.length === 0 ? undefined : readJson(bytes)
  if (body instanceof ProblemError) done(body)
  else done(null, body)
}

function readJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return new ProblemError('invalid', 'the body is not valid UTF-8')
  const text = bytes.toString().replace(/^\uFEFF/, '')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return new ProblemError('invalid', 'the body is not valid JSON')
  }
  const found = findUnstorable(body, { maxDepth: maxBodyDepth, refusedName: '__proto__', anyNumber: true })
  // What is too deep is left to its field, which says which one it is and what it takes.
  if (found !== undefined && !found.isTooDeep) return refusePlace('body', found.path, found.finding)
  const loss = findLoss(text)
  return loss === undefined ? body : refusePlace('body', loss.path, loss.finding)
}

/** What no field of a request can hold, by its place. */
export function refusePlace(
  part: 'path' | 'query' | 'body',
  path: readonly (string | number)[],
  message: string,
): ProblemError {
  const location = toLocation(part, path)
  return new ProblemError('invalid', `${location} is refused: ${message}`, { errors: [{ location, message }] })
}
