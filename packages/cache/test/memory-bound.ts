import { createCache } from '../src/index.ts'

/** Sets keys with values of random size in a memory of 16 MB; the most that memory counted and the most heap, in bytes. */
export async function fillMemory(keys: number): Promise<{ bytes: number; items: number; heapBytes: number }> {
  const maxBytes = 16 * 2 ** 20
  await using cache = createCache({ l1: { maxItems: 100_000, maxBytes }, jitter: 0 })
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  let [bytes, items, heapBytes] = [0, 0, 0]
  for (let index = 0; index < keys; index++) {
    const size = Math.floor(4_000 * Math.random() ** 4)
    await cache.set(`key ${index} ${'k'.repeat(index % 700)}`, 'x'.repeat(size), { tags: [`tag ${index % 50}`] })
    if (index % 10_000 !== 0) continue
    const stats = cache.stats()
    bytes = Math.max(bytes, stats.bytes)
    items = Math.max(items, stats.items)
    globalThis.gc?.()
    heapBytes = Math.max(heapBytes, process.memoryUsage().heapUsed - before)
  }
  return { bytes, items, heapBytes }
}
