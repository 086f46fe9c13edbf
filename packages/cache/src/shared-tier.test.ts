import { silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createSharedTier, type SharedTierDependencies } from './shared-tier.ts'

test('a call without time left asks nothing, and takes no other call its try', async () => {
  const clock = createFakeClock()
  let [asked, isAway] = [0, true]
  // A fake of what the test asks of a store.
  const store = {
    shared: true,
    isFollowing: true,
    async poll() {
      asked++
      if (isAway) throw new Error('away')
      return []
    },
  } as Partial<SharedTierDependencies['store']> as SharedTierDependencies['store']
  const counters = { sharedErrors: 0 } as SharedTierDependencies['counters']
  const tier = createSharedTier({ store, origin: 'a', hardTimeoutMs: 100, counters, logger: silentLogger, clock })
  for (let failed = 0; failed < 3; failed++) await tier.poll(() => [])
  expect([tier.isAway, asked]).toEqual([true, 3])
  isAway = false
  await clock.advance(1_001)
  expect(await tier.read('names', ['key'], undefined, 0)).toBeUndefined()
  await tier.poll(() => [])
  expect([tier.isAway, asked]).toEqual([false, 4])
})
