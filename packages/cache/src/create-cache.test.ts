import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '@core/foundation'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { type Cache, type CacheOptions, createCache, type LoadContext } from './index.ts'

/** Lets what is due run without moving the clock. */
const settle = () => vi.advanceTimersByTimeAsync(0)

let cache: Cache

function open(options: CacheOptions = {}): Cache {
  cache = createCache({ jitter: 0, ...options })
  return cache
}

/** A load that answers 1, 2, 3 … and counts. */
function countingLoad(ms = 0) {
  const load = vi.fn(async () => {
    const value = load.mock.calls.length
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    return value
  })
  return load
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await cache.close()
})

describe('getOrSet', () => {
  it('loads once and answers from memory until the ttl ends', async () => {
    open()
    const load = countingLoad()
    expect(await cache.getOrSet('k', load, { ttl: '10s' })).toBe(1)
    expect(await cache.getOrSet('k', load, { ttl: '10s' })).toBe(1)
    vi.advanceTimersByTime(9_999)
    expect(await cache.getOrSet('k', load)).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await cache.getOrSet('k', load)).toBe(2)
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 2, loads: 2, items: 1 })
  })

  it('lets 1,000 concurrent misses share one load', async () => {
    open()
    const load = countingLoad(50)
    const all = Promise.all(Array.from({ length: 1_000 }, () => cache.getOrSet('k', load)))
    await vi.advanceTimersByTimeAsync(50)
    expect(new Set(await all)).toEqual(new Set([1]))
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.stats().joined).toBe(999)
  })

  it('lets 1,000 concurrent misses share one failure, and remembers it for the backoff', async () => {
    open()
    const load = vi.fn(async () => {
      throw new Error('provider down')
    })
    const options = { failureBackoff: '10s' } as const
    const all = await Promise.allSettled(Array.from({ length: 1_000 }, () => cache.getOrSet('k', load, options)))
    expect(all.every(({ status }) => status === 'rejected')).toBe(true)
    await expect(cache.getOrSet('k', load, options)).rejects.toThrow('provider down')
    expect(load).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(10_000)
    await expect(cache.getOrSet('k', load, options)).rejects.toThrow('provider down')
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('serves a stale value at once and loads one new one behind it', async () => {
    open()
    const load = countingLoad(50)
    const options = { ttl: '10s', staleFor: '1m' } as const
    const first = cache.getOrSet('k', load, options)
    await vi.advanceTimersByTimeAsync(50)
    expect(await first).toBe(1)
    vi.advanceTimersByTime(10_000)
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', load, options)))).toEqual([1, 1, 1])
    expect(load).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(50)
    expect(await cache.getOrSet('k', load, options)).toBe(2)
  })

  it('waits for the new value where configured, as long as the soft timeout', async () => {
    open()
    const options = { ttl: '10s', staleFor: '1m', revalidate: 'blocking', softTimeoutMs: 100 } as const
    await cache.getOrSet('k', countingLoad(), options)
    vi.advanceTimersByTime(10_000)
    const fast = cache.getOrSet('k', async () => 'fast', options)
    expect(await fast).toBe('fast')
    vi.advanceTimersByTime(10_000)
    const slow = cache.getOrSet('k', () => new Promise((resolve) => setTimeout(() => resolve('slow'), 500)), options)
    await vi.advanceTimersByTimeAsync(100)
    expect(await slow).toBe('fast')
    await vi.advanceTimersByTimeAsync(400)
    expect(cache.peek('k')).toBe('slow')
  })

  it('serves a stale value while loading fails, and throws once it is gone', async () => {
    open()
    const options = { ttl: '10s', staleFor: '1m', revalidate: 'blocking', failureBackoff: '5s' } as const
    await cache.getOrSet('k', () => 'old', options)
    vi.advanceTimersByTime(10_000)
    const failing = vi.fn(async () => {
      throw new Error('down')
    })
    expect(await cache.getOrSet('k', failing, options)).toBe('old')
    expect(await cache.getOrSet('k', failing, options)).toBe('old')
    expect(failing).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(60_000)
    await expect(cache.getOrSet('k', failing, options)).rejects.toThrow('down')
  })

  it('refreshes ahead once, in the last part of the ttl', async () => {
    open()
    const load = countingLoad()
    const options = { ttl: '10s', refreshAhead: 0.8 } as const
    await cache.getOrSet('k', load, options)
    vi.advanceTimersByTime(7_999)
    await cache.getOrSet('k', load, options)
    expect(load).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(await Promise.all([cache.getOrSet('k', load, options), cache.getOrSet('k', load, options)])).toEqual([1, 1])
    await settle()
    expect(load).toHaveBeenCalledTimes(2)
    expect(await cache.getOrSet('k', load, options)).toBe(2)
  })

  it('ends within its hard timeout; the load continues for the next caller', async () => {
    open()
    const load = countingLoad(500)
    const call = cache.getOrSet('k', load, { hardTimeoutMs: 100 })
    call.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(100)
    await expect(call).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(400)
    expect(await cache.getOrSet('k', load)).toBe(1)
  })

  it('aborts the load with its caller where configured', async () => {
    open()
    let aborted: unknown
    const call = cache.getOrSet(
      'k',
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            aborted = signal.reason
            reject(signal.reason)
          }),
        ),
      { hardTimeoutMs: 100, abortLoad: true },
    )
    call.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(100)
    await expect(call).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    expect(aborted).toMatchObject({ code: 'E_TIMEOUT' })
  })

  it('gives undefined and null a ttl of their own', async () => {
    open()
    const options = { ttl: '1h', negativeTtl: '5s' } as const
    const load = vi.fn(async () => null)
    await cache.getOrSet('k', load, options)
    await cache.getOrSet('k', load, options)
    expect(load).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(5_000)
    await cache.getOrSet('k', load, options)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('takes what the load says of its own value', async () => {
    open()
    const load = ({ refine }: LoadContext<string>) => {
      refine({ ttl: '1s', tags: ['t'] })
      return 'v'
    }
    await cache.getOrSet('k', load, { ttl: '1h' })
    await cache.invalidateTags('t')
    expect(cache.peek('k')).toBeUndefined()
  })

  it('keeps a ttl longer than a timer can count', async () => {
    let now = 0
    open({ clock: { ...systemClock, monotonic: () => now } })
    const load = countingLoad()
    await cache.getOrSet('k', load, { ttl: '60d' })
    now = 59 * 86_400_000
    expect(await cache.getOrSet('k', load)).toBe(1)
    now += 86_400_000
    expect(await cache.getOrSet('k', load)).toBe(2)
  })

  it('shortens ttls at random by at most the jitter', async () => {
    open({ jitter: 0.5, random: () => 0.5 })
    const load = countingLoad()
    await cache.getOrSet('k', load, { ttl: '10s' })
    vi.advanceTimersByTime(7_499)
    expect(await cache.getOrSet('k', load)).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await cache.getOrSet('k', load)).toBe(2)
  })
})

describe('changes', () => {
  it('a delete keeps out what was being loaded before it', async () => {
    open()
    const load = countingLoad(50)
    const before = cache.getOrSet('k', load)
    await cache.delete('k')
    const after = cache.getOrSet('k', load)
    await vi.advanceTimersByTimeAsync(50)
    expect([await before, await after]).toEqual([1, 2])
    expect(cache.peek('k')).toBe(2)
  })

  it.each(['tag', 'clear'])('an invalidation by %s voids what was being loaded before it', async (how) => {
    open()
    const load = countingLoad(50)
    const before = cache.getOrSet('k', load, { tags: ['t'] })
    await (how === 'tag' ? cache.invalidateTags('t') : cache.clear())
    const after = cache.getOrSet('k', load, { tags: ['t'] })
    await vi.advanceTimersByTimeAsync(50)
    expect([await before, await after]).toEqual([1, 2])
    expect(cache.peek('k')).toBe(2)
  })

  it('an invalidated tag voids its entries and no others', async () => {
    open()
    await cache.setMany([['a', 1]], { tags: ['x', 'y'] })
    await cache.set('b', 2, { tags: ['z'] })
    await cache.set('c', 3)
    await cache.invalidateTags('y')
    expect(['a', 'b', 'c'].map((key) => cache.peek(key))).toEqual([undefined, 2, 3])
    await cache.set('a', 4, { tags: ['y'] })
    expect(cache.peek('a')).toBe(4)
  })

  it('namespaces have keys, tags and a clear of their own', async () => {
    open()
    const tenant = cache.namespace('tenant-7')
    await cache.set('k', 'root', { tags: ['t'] })
    await tenant.set('k', 'tenant', { tags: ['t'] })
    await tenant.invalidateTags('t')
    expect([cache.peek('k'), tenant.peek('k')]).toEqual(['root', undefined])
    await tenant.set('k', 'again')
    await cache.clear()
    expect([cache.peek('k'), cache.namespace('tenant-7').peek('k')]).toEqual([undefined, 'again'])
  })

  it('expire makes a value stale and keeps it at hand', async () => {
    open()
    await cache.set('k', 'old', { ttl: '1h', staleFor: '1h' })
    await cache.expire('k')
    expect([cache.peek('k'), await cache.get('k')]).toEqual(['old', undefined])
    expect(await cache.getOrSet('k', () => 'new')).toBe('old')
    await settle()
    expect(cache.peek('k')).toBe('new')
  })

  it('refuses what no tier can keep, before anything is changed', async () => {
    open({ l1: { maxBytes: 1_000_000 } })
    await cache.set('k', 1)
    for (const key of ['', 'a\0b', '\ud800', 'x'.repeat(2 ** 20 + 1)]) {
      await expect(cache.set(key, 1)).rejects.toMatchObject({ code: 'E_INVALID' })
      await expect(cache.getOrSet(key, () => 1)).rejects.toMatchObject({ code: 'E_INVALID' })
    }
    await expect(
      cache.setMany([
        ['k', 2],
        ['l', () => 3],
      ]),
    ).rejects.toMatchObject({ code: 'E_INVALID' })
    expect(cache.peek('k')).toBe(1)
    await expect(cache.getOrSet('k2', () => 1, { ttl: '5 minutes' as never })).rejects.toMatchObject({
      code: 'E_INVALID',
    })
  })
})

describe('getOrSetMany', () => {
  it('loads what is missing at once, and joins what is under way', async () => {
    open()
    await cache.set('a', 1)
    const slow = cache.getOrSet('b', () => new Promise((resolve) => setTimeout(() => resolve('slow'), 50)))
    const load = vi.fn(async (keys: readonly string[]) => new Map<string, unknown>(keys.map((key) => [key, key])))
    const many = cache.getOrSetMany(['a', 'b', 'c', 'd', 'c'], load)
    const single = cache.getOrSet('c', () => 'not called')
    await vi.advanceTimersByTimeAsync(50)
    expect(Object.fromEntries(await many)).toEqual({ a: 1, b: 'slow', c: 'c', d: 'd' })
    expect([await slow, await single]).toEqual(['slow', 'c'])
    expect(load.mock.calls).toEqual([[['c', 'd'], expect.anything()]])
  })

  it('serves stale values where the load fails, if every missing key has one', async () => {
    open()
    const options = { ttl: '1s', staleFor: '1m' } as const
    await cache.setMany([['a', 1]], options)
    vi.advanceTimersByTime(1_000)
    const failing = async (): Promise<Map<string, unknown>> => {
      throw new Error('down')
    }
    expect(Object.fromEntries(await cache.getOrSetMany(['a'], failing, options))).toEqual({ a: 1 })
    await expect(cache.getOrSetMany(['a', 'b'], failing, options)).rejects.toThrow('down')
  })
})

describe('bounds', () => {
  it('stays within its bytes with values of random size', async () => {
    open({ l1: { maxItems: 1_000_000, maxBytes: 1_000_000 } })
    for (let index = 0; index < 5_000; index++) await cache.set(`key-${index}`, 'x'.repeat(index % 1_000))
    expect(cache.stats().bytes).toBeLessThanOrEqual(1_000_000)
    expect(cache.stats().items).toBeGreaterThan(500)
  })

  it('keeps nothing in memory for longer than the memory may', async () => {
    open({ l1: { maxTtl: '1m' } })
    await cache.set('k', 1, { ttl: '1h' })
    vi.advanceTimersByTime(59_999)
    expect(cache.peek('k')).toBe(1)
    vi.advanceTimersByTime(1)
    expect(cache.peek('k')).toBeUndefined()
  })

  it('sweeps what is gone out of memory', async () => {
    open()
    await cache.setMany(
      Array.from({ length: 10 }, (_, index) => [`k${index}`, index] as const),
      { ttl: '1s' },
    )
    vi.advanceTimersByTime(1_000)
    expect(await cache.sweep()).toBe(10)
    expect(cache.stats().items).toBe(0)
  })

  it('refuses calls after close', async () => {
    open()
    await cache.close()
    await expect(cache.getOrSet('k', () => 1)).rejects.toMatchObject({ code: 'E_CLOSED' })
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'E_CLOSED' })
    await setImmediate()
  })
})

test('answers and loads are published on diagnostics channels', async () => {
  open({ namespace: 'n' })
  const heard: unknown[] = []
  const listeners = ['core:cache:answer', 'tracing:core:cache:load:start', 'tracing:core:cache:load:asyncEnd'].map(
    (name) => [name, (message: unknown) => heard.push([name.split(':').at(-1), { ...Object(message) }])] as const,
  )
  for (const [name, listener] of listeners) subscribe(name, listener)
  const options = { ttl: '1s', staleFor: '1m' } as const
  await cache.getOrSet('k', countingLoad(), options)
  await cache.getOrSet('k', countingLoad(), options)
  vi.advanceTimersByTime(1_000)
  await cache.getOrSet('k', () => new Promise(() => undefined), options)
  for (const [name, listener] of listeners) unsubscribe(name, listener)
  await cache.getOrSet('k', countingLoad(), options)
  const of = { namespace: 'n', key: 'k' }
  expect(heard).toMatchObject([
    ['start', of],
    ['asyncEnd', of],
    ['answer', { ...of, from: 'load' }],
    ['answer', { ...of, from: 'memory' }],
    ['start', of],
    ['answer', { ...of, from: 'stale' }],
  ])
  expect(heard).toHaveLength(6)
})

// A timer of Node has 32 bits: one for a longer time fires at once, and a sweep would follow the other without a pause.
test.each([0, Number.NaN, 30 * 86_400_000, Number.POSITIVE_INFINITY])(
  'a sweep every %d ms is refused',
  (intervalMs) => {
    open()
    const field = 'sweep.intervalMs'
    expect(() => createCache({ sweep: { intervalMs } })).toThrow(
      expect.objectContaining({ code: 'E_INVALID', details: { field } }),
    )
  },
)
