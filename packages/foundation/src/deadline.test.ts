import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { raceSignal, startDeadline } from './deadline.ts'
import { CoreError } from './errors.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a deadline', () => {
  test('aborts with E_TIMEOUT when the time is up, not before', () => {
    using deadline = startDeadline('the call', { timeoutMs: 100 }, 5000)
    vi.advanceTimersByTime(99)
    expect(deadline.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(deadline.signal.reason).toMatchObject({
      code: 'E_TIMEOUT',
      retryable: true,
      message: 'the call took longer than 100 ms',
      details: { timeoutMs: 100 },
    })
  })

  test('has the default limit where the caller names none', () => {
    using deadline = startDeadline('the call', {}, 50)
    vi.advanceTimersByTime(50)
    expect(deadline.signal.reason).toMatchObject({ code: 'E_TIMEOUT' })
  })

  test('counts down and stops at zero', () => {
    using deadline = startDeadline('the call', { timeoutMs: 100 }, 5000)
    vi.advanceTimersByTime(40)
    expect(deadline.remainingMs()).toBe(60)
    vi.advanceTimersByTime(400)
    expect(deadline.remainingMs()).toBe(0)
  })

  test('aborts with its caller and keeps the reason as the cause', () => {
    const caller = new AbortController()
    using deadline = startDeadline('the call', { signal: caller.signal }, 5000)
    caller.abort('changed my mind')
    expect(deadline.signal.reason).toMatchObject({ code: 'E_ABORTED', retryable: false, cause: 'changed my mind' })
  })

  test('of a caller that has aborted already is aborted from the start', () => {
    using deadline = startDeadline('the call', { signal: AbortSignal.abort() }, 5000)
    expect(deadline.signal.reason).toMatchObject({ code: 'E_ABORTED' })
  })

  test('passes on a coded reason as it is', () => {
    const reason = new CoreError('E_CLOSED', 'the database was closed')
    using deadline = startDeadline('the call', { signal: AbortSignal.abort(reason) }, 5000)
    expect(deadline.signal.reason).toBe(reason)
  })

  test("distinguishes the caller's time limit from a cancellation", () => {
    const reason = new DOMException('The operation timed out', 'TimeoutError') // as AbortSignal.timeout() makes it
    using deadline = startDeadline('the call', { signal: AbortSignal.abort(reason) }, 5000)
    expect(deadline.signal.reason).toMatchObject({ code: 'E_TIMEOUT', cause: reason })
  })

  test('leaves neither timer nor listener once disposed', () => {
    const caller = new AbortController()
    const remove = vi.spyOn(caller.signal, 'removeEventListener')
    const deadline = startDeadline('the call', { signal: caller.signal }, 5000)
    deadline[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
    expect(remove).toHaveBeenCalledOnce()
    caller.abort()
    expect(deadline.signal.aborted).toBe(false)
  })

  test('longer than a timer can count does not fire at once', () => {
    using deadline = startDeadline('the call', { timeoutMs: 2 ** 40 }, 5000)
    vi.advanceTimersByTime(60_000)
    expect(deadline.signal.aborted).toBe(false)
  })

  test.each([0, -1, Number.NaN])('of %s ms is refused', (timeoutMs) => {
    expect(() => startDeadline('the call', { timeoutMs }, 5000)).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
  })
})

describe('raceSignal', () => {
  const never = new Promise<never>(() => {})

  test('settles as the promise does', async () => {
    const { signal } = new AbortController()
    await expect(raceSignal(Promise.resolve(7), signal)).resolves.toBe(7)
    await expect(raceSignal(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
  })

  test('rejects with the reason when the signal comes first', async () => {
    const controller = new AbortController()
    const race = raceSignal(never, controller.signal)
    controller.abort(new CoreError('E_ABORTED', 'stop'))
    await expect(race).rejects.toMatchObject({ code: 'E_ABORTED' })
  })

  test('rejects at once on an aborted signal, and a later failure of the promise goes unnoticed', async () => {
    let fail: (error: Error) => void = () => {}
    const promise = new Promise<never>((_, reject) => {
      fail = reject
    })
    await expect(raceSignal(promise, AbortSignal.abort('stop'))).rejects.toBe('stop')
    fail(new Error('too late')) // an unhandled rejection would fail the run
  })

  test('takes its listener off the signal', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await raceSignal(Promise.resolve(), signal)
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length)
  })
})
