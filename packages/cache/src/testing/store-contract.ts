import { describe, expect, it } from 'vitest'
import type { CacheStore, StoreEvent, StoreWrite } from '../store.ts'

export interface StoreUnderTest extends AsyncDisposable {
  /** A store of another process over the same data. */
  open(): CacheStore
}

const options = { timeoutMs: 30_000 }
const lease = (holder: string, ttlMs = 5_000) => ({ holder, ttlMs })
const text = (value: string) => new TextEncoder().encode(value)

/** A namespace of its own for each test. */
let namespaces = 0
const freshNamespace = () => `contract-${process.pid}-${namespaces++}`

function write(key: string, value: string, more: Partial<StoreWrite> = {}): StoreWrite {
  return { key, value: text(value), freshMs: 60_000, staleMs: 120_000, tags: [], ...more }
}

/**
 * What every store behind the memory guarantees. Register it once per implementation. The cases that bentocache publishes for
 * its drivers are among them, but for `pull`, and for a `clear` that reaches namespaces below: here each is cleared alone.
 */
export function describeStore(name: string, start: () => Promise<StoreUnderTest>): void {
  async function withStores(work: (a: CacheStore, b: CacheStore, namespace: string) => Promise<void>): Promise<void> {
    await using under = await start()
    await using a = under.open()
    await using b = under.open()
    await work(a, b, freshNamespace())
  }
  async function readText(store: CacheStore, namespace: string, key: string): Promise<string | undefined> {
    const [read] = await store.read(namespace, [key], undefined, options)
    return read?.entry && new TextDecoder().decode(read.entry.value)
  }

  describe(name, () => {
    it('gives back what was written, in order, with what is left of its time', () =>
      withStores(async (a, b, ns) => {
        const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
        await a.write(
          ns,
          [{ ...write('k1', ''), value: bytes, tags: ['t"1', '{t,2}'] }, write('k\\2', 'é😀')],
          'a',
          options,
        )
        const [first, missing, second] = await b.read(ns, ['k1', 'nothing', 'k\\2'], undefined, options)
        expect([...(first?.entry?.value ?? [])]).toEqual([...bytes])
        expect(first?.entry?.tags).toEqual(['t"1', '{t,2}'])
        expect(first?.entry?.freshMs).toBeGreaterThan(30_000)
        expect(first?.entry?.freshMs).toBeLessThanOrEqual(60_000)
        expect(first?.entry?.staleMs).toBeGreaterThan(first?.entry?.freshMs ?? 0)
        expect(missing?.entry).toBeUndefined()
        expect(new TextDecoder().decode(second?.entry?.value)).toBe('é😀')
      }))

    it('forgets what is past its time, and keeps what is only stale', () =>
      withStores(async (a, _, ns) => {
        await a.write(
          ns,
          [write('gone', 'x', { freshMs: 0, staleMs: 1 }), write('stale', 'y', { freshMs: 0 })],
          'a',
          options,
        )
        await new Promise((resolve) => setTimeout(resolve, 20))
        const [gone, stale] = await a.read(ns, ['gone', 'stale'], undefined, options)
        expect(gone?.entry).toBeUndefined()
        expect(stale?.entry?.freshMs).toBeLessThanOrEqual(0)
      }))

    it('refuses a write of what was read before the key was deleted, written or invalidated', () =>
      withStores(async (a, b, ns) => {
        const keys = ['deleted', 'written', 'tagged', 'cleared', 'untouched']
        const reads = await a.read(ns, keys, undefined, options)
        const loaded = keys.map((key, index) =>
          write(key, 'old', { readAt: reads[index]?.readAt, tags: key === 'tagged' ? ['t'] : [] }),
        )
        await b.delete(ns, ['deleted'], 'b', options)
        await b.write(ns, [write('written', 'new')], 'b', options)
        await b.invalidate(ns, ['t'], 'b', options)
        const versions = await a.write(
          ns,
          loaded.filter(({ key }) => key !== 'cleared'),
          'a',
          options,
        )
        expect(versions.map((version) => version !== undefined)).toEqual([false, false, false, true])
        expect(await readText(a, ns, 'written')).toBe('new')
        await b.clear(ns, 'b', options)
        expect(
          await a.write(
            ns,
            loaded.filter(({ key }) => key === 'cleared'),
            'a',
            options,
          ),
        ).toEqual([undefined])
        expect(await Promise.all(keys.map((key) => readText(a, ns, key)))).toEqual(keys.map(() => undefined))
        await a.write(ns, [write('deleted', 'again', { tags: ['t'] })], 'a', options)
        expect(await readText(b, ns, 'deleted')).toBe('again')
      }))

    it('keeps namespaces apart', () =>
      withStores(async (a, _, ns) => {
        await a.write(ns, [write('k', 'one', { tags: ['t'] })], 'a', options)
        await a.write(`${ns}-2`, [write('k', 'two', { tags: ['t'] })], 'a', options)
        await a.invalidate(ns, ['t'], 'a', options)
        expect([await readText(a, ns, 'k'), await readText(a, `${ns}-2`, 'k')]).toEqual([undefined, 'two'])
        await a.clear(`${ns}-2`, 'a', options)
        expect(await readText(a, `${ns}-2`, 'k')).toBeUndefined()
      }))

    it('takes lists of nothing, and changes of what is not there', () =>
      withStores(async (a, _, ns) => {
        expect(await a.read(ns, [], undefined, options)).toEqual([])
        expect(await a.write(ns, [], 'a', options)).toEqual([])
        for (const names of [[], ['missing']]) {
          await a.delete(ns, names, 'a', options)
          await a.expire(ns, names, 'a', options)
          await a.invalidate(ns, names, 'a', options)
        }
        await a.clear(ns, 'a', options)
        expect(await a.renew(ns, 'missing', 1, 1_000, options)).toBe(false)
        await a.release(ns, 'missing', 1, undefined, options)
        await a.write(ns, [write('missing', 'now there')], 'a', options)
        expect(await readText(a, ns, 'missing')).toBe('now there')
      }))

    it('a namespace whose name begins as another one has nothing of it, whatever its keys look like', () =>
      withStores(async (a, _, ns) => {
        const places = [
          [ns, 'users:k'],
          [`${ns}:users`, 'k'],
          [`${ns}:users:k`, 'k'],
          [`${ns}:usersAbc`, 'k'],
        ] as const
        for (const [space, name] of places) await a.write(space, [write(name, space, { tags: ['t'] })], 'a', options)
        for (const [space, name] of places) expect(await readText(a, space, name)).toBe(space)
        await a.clear(`${ns}:users`, 'a', options)
        await a.invalidate(`${ns}:users`, ['t'], 'a', options)
        await a.delete(`${ns}:users`, ['k'], 'a', options)
        const left = await Promise.all(places.map(([space, name]) => readText(a, space, name)))
        expect(left).toEqual([ns, undefined, `${ns}:users:k`, `${ns}:usersAbc`])
      }))

    it('a key that is written again has the later value and the later lifetime', () =>
      withStores(async (a, b, ns) => {
        await a.write(ns, [write('k', 'short', { freshMs: 10, staleMs: 10 })], 'a', options)
        await b.write(ns, [write('k', 'long')], 'b', options)
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect(await readText(a, ns, 'k')).toBe('long')
        await a.write(ns, [write('k', 'first'), write('k', 'second')], 'a', options)
        expect(await readText(b, ns, 'k')).toBe('second')
        await a.delete(ns, ['k', 'k'], 'a', options)
        expect(await readText(b, ns, 'k')).toBeUndefined()
      }))

    it('expire leaves a stale value', () =>
      withStores(async (a, b, ns) => {
        await a.write(ns, [write('k', 'v')], 'a', options)
        await b.expire(ns, ['k', 'nothing'], 'b', options)
        const [read] = await a.read(ns, ['k'], undefined, options)
        expect(read?.entry?.freshMs).toBeLessThanOrEqual(0)
        expect(read?.entry?.staleMs).toBeGreaterThan(0)
      }))

    it('grants the right to load to one process at a time', () =>
      withStores(async (a, b, ns) => {
        const [granted] = await a.read(ns, ['k'], lease('a'), options)
        const [held] = await b.read(ns, ['k'], lease('b'), options)
        expect([granted?.lease?.status, held?.lease?.status]).toEqual(['granted', 'held'])
        if (granted?.lease?.status !== 'granted') return
        const { token } = granted.lease
        expect(await a.renew(ns, 'k', token, 5_000, options)).toBe(true)
        expect(await b.renew(ns, 'k', token + 1_000_000, 5_000, options)).toBe(false)
        await a.write(ns, [write('k', 'v', { readAt: granted.readAt, token })], 'a', options)
        const [after] = await b.read(ns, ['k'], lease('b'), options)
        expect(after?.lease).toBeUndefined()
        expect(after?.entry).toBeDefined()
      }))

    it('grants it to exactly one of many that ask at once', () =>
      withStores(async (a, b, ns) => {
        const reads = await Promise.all(
          Array.from({ length: 40 }, (_, index) => (index % 2 ? a : b).read(ns, ['k'], lease(`h${index}`), options)),
        )
        expect(reads.flat().filter((read) => read.lease?.status === 'granted')).toHaveLength(1)
      }))

    it('hands a lease on when it ends, and shares a failure until its pause is over', () =>
      withStores(async (a, b, ns) => {
        await a.read(ns, ['lost'], lease('a', 100), options)
        const [granted] = await a.read(ns, ['failed'], lease('a'), options)
        if (granted?.lease?.status !== 'granted') throw new Error('not granted')
        await a.release(ns, 'failed', granted.lease.token, { message: 'provider down', backoffMs: 200 }, options)
        const [failed] = await b.read(ns, ['failed'], lease('b'), options)
        expect(failed?.lease).toMatchObject({ status: 'failed', message: 'provider down' })
        await new Promise((resolve) => setTimeout(resolve, 250))
        const after = await b.read(ns, ['lost', 'failed'], lease('b'), options)
        expect(after.map((read) => read.lease?.status)).toEqual(['granted', 'granted'])
      }))

    // Where an older transaction was open when a process began, it hears once more of what was before.
    const isNewsOf = (namespace: string) => (event: StoreEvent) =>
      event.type !== 'reset' && event.namespace === namespace && !('key' in event && event.key === 'before')

    it('reports each change to other processes, once and in order', () =>
      withStores(async (a, b, ns) => {
        await a.write(ns, [write('before', 'v')], 'a', options)
        await b.read(ns, ['k'], undefined, options)
        await a.write(ns, [write('k', 'v')], 'a', options)
        await a.delete(ns, ['k'], 'a', options)
        await a.invalidate(ns, ['t'], 'a', options)
        await a.clear(ns, 'a', options)
        const heard: StoreEvent[] = []
        for (let tries = 0; tries < 900 && heard.length < 4; tries++) {
          heard.push(...(await b.poll(() => [ns], options)).filter(isNewsOf(ns)))
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        expect(heard.map((event) => event.type)).toEqual(['set', 'delete', 'tag', 'clear'])
        expect(heard.every((event) => event.type !== 'reset' && event.origin === 'a' && event.namespace === ns)).toBe(
          true,
        )
        expect((await b.poll(() => [ns], options)).filter(isNewsOf(ns))).toEqual([])
      }))

    it('reports what changed after the first read, though nothing was asked about before', () =>
      withStores(async (a, b, ns) => {
        await a.write(ns, [write('before', 'v')], 'a', options)
        expect(await b.poll(() => [ns], options)).toEqual([])
        await b.read(ns, ['k'], undefined, options)
        await a.delete(ns, ['k'], 'a', options)
        const heard: StoreEvent[] = []
        for (let tries = 0; tries < 900 && heard.length < 1; tries++) {
          heard.push(...(await b.poll(() => [ns], options)).filter(isNewsOf(ns)))
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        expect(heard).toMatchObject([{ type: 'delete', key: 'k' }])
      }))

    it('does not announce what was loaded, because no process has anything of it', () =>
      withStores(async (a, b, ns) => {
        await b.read(ns, ['k'], undefined, options)
        const [read] = await a.read(ns, ['k'], undefined, options)
        await a.write(ns, [write('k', 'v', { readAt: read?.readAt })], 'a', options)
        await a.write(ns, [write('end', 'v')], 'a', options)
        const heard: StoreEvent[] = []
        for (let tries = 0; tries < 900 && heard.length < 1; tries++) {
          heard.push(...(await b.poll(() => [ns], options)).filter(isNewsOf(ns)))
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        expect(heard).toMatchObject([{ type: 'set', key: 'end' }])
      }))

    it('takes 2,500 keys in one call', () =>
      withStores(async (a, _, ns) => {
        const keys = Array.from({ length: 2_500 }, (_, index) => `k${index}`)
        const versions = await a.write(
          ns,
          keys.map((key) => write(key, key)),
          'a',
          options,
        )
        expect(versions.filter((version) => version !== undefined)).toHaveLength(2_500)
        const reads = await a.read(ns, keys, undefined, options)
        expect(reads.map((read) => read.entry && new TextDecoder().decode(read.entry.value))).toEqual(keys)
      }))

    it('a sweep removes what is gone and nothing else', () =>
      withStores(async (a, _, ns) => {
        await a.write(ns, [write('gone', 'x', { freshMs: 0, staleMs: 0 }), write('kept', 'y')], 'a', options)
        await new Promise((resolve) => setTimeout(resolve, 10))
        expect((await a.sweep?.(1_000, options)) ?? 0).toBeGreaterThanOrEqual(0)
        expect([await readText(a, ns, 'gone'), await readText(a, ns, 'kept')]).toEqual([undefined, 'y'])
      }))
  })
}
