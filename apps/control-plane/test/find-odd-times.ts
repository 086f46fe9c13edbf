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
const oneForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/

/** The times of an answer that are not in its one form: UTC, with the offset +00:00. */
export function findOddTimes(answer: unknown): string[] {
  if (typeof answer === 'string') return time.test(answer) && !oneForm.test(answer) ? [answer] : []
  if (typeof answer !== 'object' || answer === null) return []
  return Object.entries(answer).flatMap(([name, value]) => (theirs.has(name) ? [] : findOddTimes(value)))
}
