import type { Attempt, AttemptResult } from './attempt.ts'
import { createStreamReader, nothingSeen, type Seen } from './read-answer.ts'
import { CutAnswer, readPlain } from './read-plain.ts'
import { readRefusal } from './read-refusal.ts'
import { hasOutput, readStream, type StreamState } from './read-stream.ts'
import { TransportError, type UpstreamResponse } from './transport.ts'

/** One attempt at one target. Never throws: what went wrong is the result. */
export async function runAttempt(attempt: Attempt): Promise<AttemptResult> {
  const { limits, gone, isStream } = attempt
  const ended = new AbortController()
  let isLate = false
  const stop = () => {
    isLate = true
    ended.abort()
  }
  // A plain answer has no sign of life before its head: it has the whole time.
  const idle = isStream ? setTimeout(stop, limits.headMs) : undefined
  const total = setTimeout(stop, limits.totalMs)
  let draining: NodeJS.Timeout | undefined
  const onGone = () => {
    draining = setTimeout(stop, limits.drainMs)
  }
  if (gone.aborted) onGone()
  else gone.addEventListener('abort', onGone, { once: true })
  attempt.unwanted?.addEventListener('abort', stop, { once: true })
  const reader = isStream ? createStreamReader(attempt.operation) : undefined
  const state: StreamState = { hasBegun: false, isWhole: false }
  let response: UpstreamResponse | undefined
  const seenOf = (seen: Seen): Seen =>
    response?.counted === undefined
      ? seen
      : { ...seen, outputTokens: seen.outputTokens, counted: { usage: response.counted() } }
  const read = async (): Promise<AttemptResult> => {
    response = await attempt.send(ended.signal)
    attempt.onHead?.(response.headers)
    if (response.status < 200 || response.status > 299) return await readRefusal(response)
    if (reader === undefined) {
      const result = await readPlain(attempt.operation, response)
      state.isWhole = result.kind === 'answered'
      return result
    }
    const beat = () => {
      clearTimeout(idle)
      state.idle?.refresh()
      state.idle ??= setTimeout(stop, limits.idleMs)
    }
    return await readStream(attempt, response, reader, state, beat)
  }
  try {
    const result = await read()
    if (response?.counted === undefined || !('seen' in result) || result.seen === undefined) return result
    return { ...result, seen: seenOf(result.seen) }
  } catch (error) {
    const fault = isLate ? 'timeout' : error instanceof TransportError ? error.fault : 'unavailable'
    const came = reader?.seen() ?? nothingSeen
    if (state.hasBegun) return { kind: 'broken', fault, seen: seenOf(came), hasErrorEvent: false }
    // Who was waited for after the reader had left has begun its work, as far as can be known.
    const isBilled = gone.aborted && isLate
    const wasSent = !(error instanceof TransportError) || error.isSent
    const seen = hasOutput(came) || (isBilled && wasSent) ? seenOf(came) : undefined
    return { kind: 'failed', fault, seen: seen ?? (error instanceof CutAnswer ? error.seen : undefined) }
  } finally {
    for (const timer of [idle, total, draining, state.idle]) clearTimeout(timer)
    gone.removeEventListener('abort', onGone)
    attempt.unwanted?.removeEventListener('abort', stop)
    // What is whole needs no end, and leaves its connection to the next call.
    if (!state.isWhole) ended.abort()
  }
}
