import { systemClock } from '@core/foundation'
import { expect } from 'vitest'
import { createCache } from '../src/index.ts'
import type { CacheStore } from '../src/store.ts'

const hourMs = 3_600_000
const ttlMs = 1_500

/** Clocks of two processes that differ by two days, in what they show and in what they count from. */
const clocks = [-24, 24].map((hours) => ({
  ...systemClock,
  now: () => Date.now() + hours * hourMs,
  monotonic: () => performance.now() + (hours + 25) * hourMs,
}))

/**
 * What one process writes is fresh in the other for as long as it was given, and gone after it; what one deletes is gone in
 * the other, and a load that began before does not bring it back.
 */
export async function checkSkewedClocks(openStore: () => CacheStore): Promise<void> {
  const [behind, ahead] = clocks.map((clock) =>
    createCache({ namespace: 'skewed', clock, jitter: 0, pollMs: 25, storeTimeoutMs: 20_000, store: openStore() }),
  )
  if (behind === undefined || ahead === undefined) throw new Error('there are two clocks')
  await using _behind = behind
  await using _ahead = ahead
  for (const [writer, reader] of [
    [behind, ahead],
    [ahead, behind],
  ] as const) {
    await writer.set('long', 'value', { ttl: '1h' })
    expect(await reader.get('long')).toBe('value')
    await writer.delete('long')
    await expect.poll(() => reader.peek('long'), { timeout: 30_000 }).toBeUndefined()

    const startedAt = performance.now()
    await writer.set('short', 'value', { ttl: ttlMs })
    const writtenAt = performance.now()
    // Memory counts from when the answer came: that much later it may end.
    let [lastSeenAt, longestMs] = [startedAt, 0]
    for (;;) {
      const askedAt = performance.now()
      if ((await reader.get('short')) === undefined) break
      lastSeenAt = askedAt
      longestMs = Math.max(longestMs, performance.now() - askedAt)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(ttlMs - 5)
    expect(lastSeenAt - writtenAt).toBeLessThanOrEqual(ttlMs + longestMs + 5)

    const { promise: isOver, resolve: end } = Promise.withResolvers<void>()
    const before = reader.stats().loads
    const loading = reader.getOrSet('raced', async () => {
      await isOver
      return 'old'
    })
    await expect.poll(() => reader.stats().loads, { timeout: 30_000 }).toBeGreaterThan(before)
    await writer.delete('raced')
    end()
    expect(await loading).toBe('old')
    await expect.poll(() => reader.peek('raced'), { timeout: 30_000 }).toBeUndefined()
    expect(await writer.getOrSet('raced', () => 'new')).toBe('new')
    await writer.delete('raced')
  }
}
