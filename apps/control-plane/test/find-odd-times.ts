import { routes, toOpenApi } from '@core/api'
import { isObject } from '@core/foundation'

/** What callers store comes back as they wrote it, times included. */
const theirs: ReadonlySet<string> = new Set([
  'metadata',
  'endpoints',
  'value',
  'payload',
  'result',
  'progress',
  'evidence',
  'before',
  'after',
  'data.value',
])

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
const anywhere = /\d{4}-\d\d-\d\dT\d\d:\d\d[^"\s]*/g
const oneForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/

const names = timeNames(toOpenApi(routes, { version: '0.0.0' }))
/** Times that callers have sent as a name, a title or a reason: that is text, and it comes back as it is. */
const sent = new Set<string>()

/** Notes what a request says, before its answer and later ones are looked at. */
export function noteSentTimes(...texts: readonly string[]): void {
  for (const text of texts) for (const [found] of text.matchAll(anywhere)) sent.add(found)
}

/**
 * The times of an answer that are not in its one form: UTC, with the offset +00:00. Where the document declares a time, each
 * other form is one; elsewhere only what no caller has sent.
 */
export function findOddTimes(answer: unknown, name = ''): string[] {
  if (typeof answer === 'string') {
    const isText = !names.has(name) && sent.has(answer)
    return time.test(answer) && !oneForm.test(answer) && !isText ? [answer] : []
  }
  if (Array.isArray(answer)) return answer.flatMap((value) => findOddTimes(value, name))
  if (!isObject(answer)) return []
  return Object.entries(answer).flatMap(([key, value]) => (theirs.has(key) ? [] : findOddTimes(value, key)))
}

/** The properties that the document declares as a time. */
function timeNames(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(schema)) for (const each of schema) timeNames(each, found)
  if (!isObject(schema)) return found
  const { properties } = schema
  if (isObject(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      if (JSON.stringify(property).includes('"date-time"')) found.add(name)
    }
  }
  for (const value of Object.values(schema)) timeNames(value, found)
  return found
}
