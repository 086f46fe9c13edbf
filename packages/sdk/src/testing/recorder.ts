import { isCoreError, isObject } from '@core/foundation'

export interface Recorder {
  readonly answers: Readonly<Record<string, unknown>>
  /** Makes a call and notes its answer. What it throws ends the run. */
  call<Value>(name: string, work: () => Value | Promise<Value>): Promise<Value>
  /** Makes a call that has to be refused, and notes with which code and reason. */
  refused(name: string, work: () => Promise<unknown>): Promise<void>
}

/** Notes what calls answer, without what differs from run to run: ids, times, durations, and who called. */
export function createRecorder(): Recorder {
  const answers: Record<string, unknown> = {}

  function note(name: string, answer: unknown): void {
    if (name in answers) throw new Error(`two calls are named ${name}`)
    answers[name] = answer
  }

  return {
    answers,
    async call(name, work) {
      try {
        const value = await work()
        note(name, toLasting(value))
        return value
      } catch (error) {
        throw new Error(`${name} failed`, { cause: error })
      }
    },
    async refused(name, work) {
      try {
        note(name, { answered: toLasting(await work()) })
      } catch (error) {
        if (!isCoreError(error)) throw new Error(`${name} failed with an error that has no code`, { cause: error })
        const { code, retryable, details } = error
        note(name, { code, retryable, ...('reason' in details && { reason: details['reason'] }) })
      }
    },
  }
}

const ids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const times = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d(:?\d\d)?)/g
/** Measured, made of times, or the name of the credential. */
const ofTheRun: readonly string[] = ['latencyMs', 'actor', 'created_by', 'etag', 'updated_by']

function toLasting(value: unknown): unknown {
  if (value === undefined) return null // as JSON has it, in which other runtimes answer
  if (value instanceof Date) return 'a time'
  if (typeof value === 'function') return 'a function'
  if (value instanceof AbortSignal) return 'a signal'
  if (value instanceof Map) return toLasting(Object.fromEntries(value))
  if (typeof value === 'string') return value.replace(ids, 'an id').replace(times, 'a time')
  if (Array.isArray(value)) return value.map(toLasting)
  if (!isObject(value)) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, ofTheRun.includes(name) ? 0 : toLasting(field)]))
}
