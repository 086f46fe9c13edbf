import { describe, expect, test } from 'vitest'
import { CoreError } from './errors.ts'
import { type RetryOptions, retry } from './retry.ts'
import { createFakeClock } from './testing/index.ts'

const busy = () => new CoreError('E_DATABASE_BUSY', 'busy')

/** Runs `retry` on a fake clock and reports when each attempt began. */
async function run(work: (attempt: number) => Promise<unknown>, options: Partial<RetryOptions> = {}) {
  const clock = createFakeClock()
  const startedAt: number[] = []
  const outcome = retry(
    (attempt) => {
      startedAt.push(clock.monotonic())
      return work(attempt)
    },
    { attempts: 5, baseMs: 100, capMs: 1000, random: () => 1, clock, ...options },
  ).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  )
  await clock.advance(60_000)
  return { ...(await outcome), startedAt }
}

describe('retry', () => {
  test('gives the first success and the attempt it took', async () => {
    const { value, startedAt } = await run(async (attempt) => {
      if (attempt < 3) throw busy()
      return attempt
    })
    expect(value).toBe(3)
    expect(startedAt).toHaveLength(3)
  })

  test('doubles its pauses up to the cap, then gives up with the last error', async () => {
    let last: unknown
    const { error, startedAt } = await run(
      async () => {
        last = busy()
        throw last
      },
      { attempts: 6 },
    )
    expect(startedAt).toEqual([0, 100, 300, 700, 1500, 2500])
    expect(error).toBe(last)
  })

  test('spreads each pause over the whole range below its bound', async () => {
    const draws = [0, 0.5, 0.25]
    const { startedAt } = await run(() => Promise.reject(busy()), { attempts: 4, random: () => draws.shift() ?? 0 })
    expect(startedAt).toEqual([0, 0, 100, 200])
  })

  test.each([
    ['a failure that is not retryable', new CoreError('E_INVALID', 'bad')],
    ['an error without a code', new TypeError('bug')],
  ])('does not repeat %s', async (_, failure) => {
    const { error, startedAt } = await run(() => Promise.reject(failure))
    expect(error).toBe(failure)
    expect(startedAt).toHaveLength(1)
  })

  test('asks the caller what is retryable, and calls onRetry for each retry', async () => {
    const seen: number[] = []
    const { startedAt } = await run(() => Promise.reject(new TypeError('bug')), {
      attempts: 3,
      isRetryable: (error) => error instanceof TypeError,
      onRetry: (_, attempt) => seen.push(attempt),
    })
    expect(startedAt).toHaveLength(3)
    expect(seen).toEqual([1, 2])
  })

  test('ends its pause when the signal aborts', async () => {
    const controller = new AbortController()
    const reason = new CoreError('E_ABORTED', 'stop')
    const clock = createFakeClock()
    const { signal } = controller
    const outcome = retry(() => Promise.reject(busy()), { attempts: 9, baseMs: 1e6, capMs: 1e6, signal, clock })
    await clock.advance(0)
    controller.abort(reason)
    await expect(outcome).rejects.toBe(reason)
    expect(clock.sleepers()).toBe(0)
  })

  test('does not try again after the signal aborted during an attempt', async () => {
    const controller = new AbortController()
    const { startedAt, error } = await run(
      async () => {
        controller.abort()
        throw busy()
      },
      { signal: controller.signal },
    )
    expect(startedAt).toHaveLength(1)
    expect(error).toMatchObject({ code: 'E_DATABASE_BUSY' })
  })
})
