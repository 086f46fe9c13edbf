import { expect, test } from 'vitest'
import { fillMemory } from './memory-bound.ts'

test('memory stays within its bytes, however many keys of whatever size come', async () => {
  const { bytes, items } = await fillMemory(40_000)
  expect(bytes).toBeGreaterThan(8 * 2 ** 20)
  expect(bytes).toBeLessThanOrEqual(16 * 2 ** 20)
  expect(items).toBeLessThan(40_000)
})
