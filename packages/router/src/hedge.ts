import type { Clock } from '@core/foundation'

export interface Hedged<Value> {
  readonly first: Value
  /** Undefined where the first was fast enough, or nothing else could be tried. */
  readonly other: Value | undefined
}

/**
 * Starts the second where the first takes longer than `waitMs`. The first value that is final ends the other by its signal;
 * both are waited for, because both are paid for.
 */
export async function hedge<Value>(
  attempts: readonly [
    start: (unwanted: AbortSignal) => Promise<Value>,
    next: (unwanted: AbortSignal) => Promise<Value>,
  ],
  { waitMs, clock, isFinal }: { readonly waitMs: number; readonly clock: Clock; isFinal(value: Value): boolean },
): Promise<Hedged<Value>> {
  const [start, next] = attempts
  const stopFirst = new AbortController()
  const stopOther = new AbortController()
  const waiting = new AbortController()
  /** Ends the other one where it is final. */
  const run = async (attempt: Promise<Value>, other: AbortController) => {
    const value = await attempt
    if (isFinal(value)) other.abort()
    return value
  }
  const first = run(start(stopFirst.signal), stopOther)
  const isEarly = await Promise.race([
    first.then(() => true),
    clock.sleep(waitMs, { signal: waiting.signal }).then(
      () => false,
      () => true,
    ),
  ])
  waiting.abort()
  if (isEarly) return { first: await first, other: undefined }
  const [one, two] = await Promise.allSettled([first, run(next(stopOther.signal), stopFirst)])
  if (one.status === 'rejected') throw one.reason
  if (two.status === 'rejected') throw two.reason
  return { first: one.value, other: two.value }
}
