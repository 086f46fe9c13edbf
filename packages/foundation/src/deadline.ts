import { maxTimerMs } from './clock.ts'
import { CoreError } from './errors.ts'

/** Accepted, last, by every asynchronous call of Core. */
export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds until the call fails with E_TIMEOUT; every call has a default. */
  timeoutMs?: number | undefined
}

export interface Deadline extends Disposable {
  /** Aborts when the caller's signal does or the time is up; `reason` is always a CoreError. */
  readonly signal: AbortSignal
  /** Milliseconds left, never negative. */
  remainingMs(): number
}

/** Joins the caller's signal and a time limit into one signal. Dispose it, or the timer lives on. */
export function startDeadline(what: string, { signal, timeoutMs }: CallOptions, defaultTimeoutMs: number): Deadline {
  const limitMs = timeoutMs ?? defaultTimeoutMs
  if (!(limitMs > 0)) {
    throw new CoreError('E_INVALID', `timeoutMs must be above 0, got ${limitMs}`)
  }
  const controller = new AbortController()
  const startedAt = performance.now()
  const onAbort = () => controller.abort(toCoreError(what, signal?.reason))
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () =>
      controller.abort(
        new CoreError('E_TIMEOUT', `${what} took longer than ${limitMs} ms`, { details: { timeoutMs: limitMs } }),
      ),
    Math.min(limitMs, maxTimerMs),
  )
  if (typeof timer === 'object') timer.unref() // browsers' timers are numbers
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(0, limitMs - (performance.now() - startedAt)),
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

function toCoreError(what: string, reason: unknown): CoreError {
  if (reason instanceof CoreError) return reason
  // The reason of AbortSignal.timeout(): the caller's own limit, not a change of mind.
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new CoreError('E_TIMEOUT', `${what} outlasted its caller's signal`, { cause: reason })
  }
  return new CoreError('E_ABORTED', `${what} was aborted by its caller`, { cause: reason })
}

/** Settles with the promise, or rejects with the signal's reason first. The promise itself continues unobserved. */
export function raceSignal<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    promise.catch(() => undefined)
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const done = () => signal.removeEventListener('abort', onAbort)
    promise.then(done, done)
    promise.then(resolve, reject) // not after finally, which makes two more promises
  })
}
