import { expect, test } from 'vitest'
import { createCache } from './index.ts'
import { toStoredKey } from './stored-key.ts'

test('a key is its own name up to 512 bytes, and a hash of one length beyond', () => {
  for (const key of ['k', 'x'.repeat(512), 'é'.repeat(256), '😀'.repeat(128)]) expect(toStoredKey(key)).toBe(key)
  for (const key of ['x'.repeat(513), 'é'.repeat(257), '😀'.repeat(129), 'x'.repeat(1_000_000)])
    expect(toStoredKey(key)).toMatch(/^sha256:[0-9a-f]{64}$/)
})

test('no two keys have one name', () => {
  const long = 'x'.repeat(513)
  expect(toStoredKey(toStoredKey(long))).not.toBe(toStoredKey(long))
  expect(toStoredKey(`${long}a`)).not.toBe(toStoredKey(`${long}b`))
})

test('callers never see the name', async () => {
  await using cache = createCache()
  const [long, longer] = ['é'.repeat(400), 'é'.repeat(50_000)]
  await cache.set(long, 1)
  expect(cache.peek(long)).toBe(1)
  expect(await cache.getMany([long, longer])).toEqual(new Map([[long, 1]]))
  const asked: string[] = []
  expect(await cache.getOrSet(longer, ({ key }) => asked.push(key))).toBe(1)
  const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, asked.push(key)]))
  const all = [long, longer, 'short', `${long}b`]
  expect(await cache.getOrSetMany(all, load)).toEqual(
    new Map([
      [long, 1],
      [longer, 1],
      ['short', 2],
      [`${long}b`, 3],
    ]),
  )
  expect(asked).toEqual([longer, 'short', `${long}b`])
  await cache.delete(long)
  await cache.expire(longer)
  expect([cache.peek(long), await cache.has(longer)]).toEqual([undefined, false])
})
