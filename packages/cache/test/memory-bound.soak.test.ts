import { expect, test } from 'vitest'
import { fillMemory } from './memory-bound.ts'

test('a million keys of random size stay within the bytes of memory', { timeout: 600_000 }, async () => {
  const { bytes, heapBytes } = await fillMemory(1_000_000)
  expect(bytes).toBeLessThanOrEqual(16 * 2 ** 20)
  // Without --expose-gc the heap holds garbage as well.
  expect(heapBytes).toBeLessThan(400 * 2 ** 20)
})
