import { CoreError } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createFlags, type FlagsDependencies } from './create-flags.ts'
import { declareFlags } from './declare-flags.ts'
import type { FlagDatabase } from './flag-database.ts'

const declarations = declareFlags({
  enabled: { description: 'On or off.', default: false },
  order: { description: 'A choice.', default: 'price', schema: z.enum(['price', 'health']) },
  limits: { description: 'A structure.', default: { max: 1 }, schema: z.object({ max: z.int() }) },
})

interface Row {
  name: string
  project: string | null
  value: unknown
  rollout_bp: number
  version: number
}

/** A store in memory that answers as `core_api.flag_list` does, and can be away, hang, hint and page. */
class FakeStore {
  version = 0
  away: Error | undefined
  hanging = false
  readonly rows = new Map<string, Row>()
  readonly calls: { p_project?: string; p_after_version: number }[] = []
  readonly listeners = new Set<(payload: string) => void>()
  readonly database: FlagDatabase
  readonly #pageSize: number

  constructor({ pageSize = 1000, hints = true } = {}) {
    this.#pageSize = pageSize
    this.database = {
      rpc: (_, args, { signal } = {}) => this.#list(args, signal),
      ...(hints && { listen: (channel, onHint) => this.#listen(channel, onHint) }),
    }
  }

  set(
    name: string,
    value: unknown,
    { project = null as string | null, rolloutBasisPoints = 10_000, hint = false } = {},
  ) {
    this.version++
    this.rows.set(`${project}/${name}`, { name, project, value, rollout_bp: rolloutBasisPoints, version: this.version })
    if (hint) for (const listener of this.listeners) listener(String(this.version))
  }

  clear(name: string, project: string | null = null) {
    this.set(name, null, { project })
  }

  async #list(args: { p_after_version: number }, signal: AbortSignal | undefined): Promise<unknown> {
    this.calls.push(args)
    if (this.away) throw this.away
    if (this.hanging) {
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const after = args.p_after_version
    const found = [...this.rows.values()]
      .filter(({ version, value }) => version > after && (value !== null || after > 0))
      .sort((a, b) => a.version - b.version)
    const page = found.slice(0, this.#pageSize)
    const more = found.length > page.length
    const flags = page.map((row) => ({ ...row, cleared: row.value === null }))
    return { ok: true, more, version: more ? page.at(-1)?.version : this.version, flags }
  }

  async #listen(channel: string, onHint: (payload: string) => void): Promise<AsyncDisposable> {
    if (channel !== 'core_flag') throw new Error(`nothing hints on ${channel}`)
    this.listeners.add(onHint)
    return { [Symbol.asyncDispose]: async () => void this.listeners.delete(onHint) }
  }
}

function start(store = new FakeStore(), options: Partial<FlagsDependencies<typeof declarations>> = {}) {
  const clock = createFakeClock()
  const logged: string[] = []
  const write = (_: object, message?: string) => void logged.push(message ?? '')
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const dependencies = { declarations, database: store.database, project: 'smart_layer', clock, logger }
  return { store, clock, logged, flags: createFlags({ ...dependencies, ...options }) }
}

describe('precedence', () => {
  test('a project override beats one for all beats the default', async () => {
    const { store, flags } = start()
    await using _ = flags
    expect(flags.get('order')).toBe('price')
    store.set('order', 'health')
    await flags.refresh()
    expect(flags.get('order')).toBe('health')
    store.set('order', 'price', { project: 'smart_layer' })
    await flags.refresh()
    expect(flags.get('order')).toBe('price')
    store.clear('order', 'smart_layer')
    await flags.refresh()
    expect(flags.get('order')).toBe('health')
    store.clear('order')
    await flags.refresh()
    expect(flags.get('order')).toBe('price')
  })

  test('overrides of other projects and of undeclared flags have no effect', async () => {
    const { store, flags } = start()
    await using _ = flags
    store.set('enabled', true, { project: 'manus_origin' })
    store.set('unheard_of', true)
    await flags.refresh()
    expect(flags.get('enabled')).toBe(false)
    expect(flags.status().faults).toEqual([])
  })

  test('without a project only overrides for all hold', async () => {
    const { store, flags } = start(new FakeStore(), { project: undefined })
    await using _ = flags
    store.set('enabled', true, { project: 'smart_layer' })
    await flags.refresh()
    expect(flags.get('enabled')).toBe(false)
    expect(store.calls).not.toContainEqual(expect.objectContaining({ p_project: expect.anything() }))
  })

  test('where a roll-out does not reach a unit, the next wider answer holds', async () => {
    const { store, flags } = start()
    await using _ = flags
    store.set('order', 'health', { project: 'smart_layer', rolloutBasisPoints: 5000 })
    await flags.refresh()
    const units = Array.from({ length: 200 }, (_, index) => `user-${index}`)
    const answers = units.map((unit) => flags.get('order', { unit }))
    expect(new Set(answers)).toEqual(new Set(['health', 'price']))
    expect(units.map((unit) => flags.get('order', { unit }))).toEqual(answers)
    expect(flags.get('order')).toBe('price')
  })

  test('an override that does not fit its flag has no effect and is reported once', async () => {
    const { store, clock, flags, logged } = start()
    await using _ = flags
    store.set('order', 'random')
    await clock.advance(5000)
    expect(flags.get('order')).toBe('price')
    expect(flags.status().faults).toMatchObject([{ name: 'order', project: null }])
    expect(logged.filter((line) => line.includes('does not fit'))).toHaveLength(1)
    store.set('order', 'health')
    await clock.advance(1000)
    expect(flags.get('order')).toBe('health')
    expect(flags.status().faults).toEqual([])
  })

  test('a structure cannot be changed by its reader', async () => {
    const { store, flags } = start()
    await using _ = flags
    store.set('limits', { max: 9 })
    await flags.refresh()
    expect(flags.get('limits')).toEqual({ max: 9 })
    expect(Object.isFrozen(flags.get('limits'))).toBe(true)
  })

  test('an undeclared flag cannot be read', async () => {
    const { flags } = start()
    await using _ = flags
    const read = (name: string) => () => Reflect.apply(flags.get, flags, [name])
    expect(read('unheard_of')).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
    expect(read('constructor')).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
  })
})

describe('following the database', () => {
  test('a change is seen within a second without any hint', async () => {
    const { store, clock, flags } = start(new FakeStore({ hints: false }))
    await using _ = flags
    await clock.advance(10)
    store.set('enabled', true)
    await clock.advance(1000)
    expect(flags.get('enabled')).toBe(true)
  })

  test('a hint makes it at once', async () => {
    const { store, clock, flags } = start()
    await using _ = flags
    await clock.advance(10)
    store.set('enabled', true, { hint: true })
    await clock.advance(0)
    expect(flags.get('enabled')).toBe(true)
  })

  test('only what changed is asked for', async () => {
    const store = new FakeStore()
    store.set('enabled', true)
    store.set('order', 'health')
    const { clock, flags } = start(store)
    await using _ = flags
    await clock.advance(3000)
    const [first, ...later] = store.calls.map((call) => call.p_after_version)
    expect(first).toBe(0)
    expect(later.length).toBeGreaterThanOrEqual(3)
    expect(new Set(later)).toEqual(new Set([2]))
  })

  test('pages are read to the end', async () => {
    const store = new FakeStore({ pageSize: 2 })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'enabled']) store.set(name, true)
    const { flags } = start(store)
    await using _ = flags
    await flags.refresh()
    expect(flags.get('enabled')).toBe(true)
    expect(flags.status()).toMatchObject({ state: 'live', version: 7 })
  })

  test('refresh during a look waits for one that began after it', async () => {
    const { store, flags } = start()
    await using _ = flags
    const first = flags.refresh()
    store.set('enabled', true)
    await flags.refresh()
    expect(flags.get('enabled')).toBe(true)
    await first
  })

  test('a thousand hints cost two looks', async () => {
    const { store, clock, flags } = start()
    await using _ = flags
    await clock.advance(10)
    const before = store.calls.length
    for (let index = 0; index < 1000; index++) store.set('enabled', index % 2 === 0, { hint: true })
    await clock.advance(0)
    expect(store.calls.length - before).toBe(2)
    expect(flags.get('enabled')).toBe(false)
  })

  test('a database that was reset is read from the start', async () => {
    const { store, flags } = start()
    await using _ = flags
    for (const name of ['a', 'b', 'enabled']) store.set(name, true)
    await flags.refresh()
    expect(flags.get('enabled')).toBe(true)
    store.rows.clear()
    store.version = 0
    store.set('order', 'health')
    await flags.refresh()
    expect(flags.get('enabled')).toBe(false)
    expect(flags.get('order')).toBe('health')
    expect(flags.status()).toMatchObject({ state: 'live', version: 1 })
  })
})

describe('while the database is away', () => {
  const down = new CoreError('E_DATABASE_UNAVAILABLE', 'connection refused')

  test('from the start, defaults hold and the status says so', async () => {
    const store = new FakeStore()
    store.away = down
    const { clock, flags } = start(store)
    await using _ = flags
    expect(flags.status()).toEqual({ state: 'defaults', error: undefined, faults: [] })
    await clock.advance(3000)
    expect(flags.get('enabled')).toBe(false)
    expect(flags.status()).toEqual({ state: 'defaults', error: down, faults: [] })
    await expect(flags.refresh()).rejects.toBe(down)
  })

  test('later, the last known values hold and the status says since when', async () => {
    const { store, clock, flags, logged } = start()
    await using _ = flags
    store.set('enabled', true)
    await flags.refresh()
    const checkedAt = clock.now()
    store.away = down
    await clock.advance(60_000)
    expect(flags.get('enabled')).toBe(true)
    expect(flags.status()).toEqual({ state: 'stale', version: 1, checkedAt, error: down, faults: [] })
    expect(logged.filter((line) => line.includes('last known'))).toHaveLength(1)
  })

  test('and back, the flags are read from the start: it may be another database', async () => {
    const { store, clock, flags } = start()
    await using _ = flags
    for (const name of ['a', 'b', 'enabled']) store.set(name, true)
    await flags.refresh()
    store.away = down
    await clock.advance(5000)
    store.rows.clear()
    store.version = 0
    store.set('order', 'health')
    store.version = 50 // past the cursor, so that only a full read finds what is gone and what is new below it
    store.away = undefined
    await clock.advance(1000)
    expect(flags.get('enabled')).toBe(false)
    expect(flags.get('order')).toBe('health')
    expect(flags.status()).toMatchObject({ state: 'live', version: 50 })
  })

  test('a poll that hangs ends at its time limit', async () => {
    const store = new FakeStore()
    store.hanging = true
    const { flags } = start(store)
    await using _ = flags
    await expect(flags.refresh({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    await expect(flags.refresh()).rejects.toMatchObject({ code: 'E_TIMEOUT', message: /loading flags/ })
  })

  test('an answer that is no list of flags changes nothing', async () => {
    const database: FlagDatabase = { rpc: async () => ({ ok: true }) }
    const { flags } = start(new FakeStore(), { database })
    await using _ = flags
    await expect(flags.refresh()).rejects.toMatchObject({ code: 'E_DATABASE_SCHEMA' })
    expect(flags.status().state).toBe('defaults')
  })

  test('hints are listened for again once it is back', async () => {
    const store = new FakeStore()
    let refusals = 1
    const { listen } = store.database
    const database: FlagDatabase = {
      ...store.database,
      listen: async (...args) => {
        if (refusals-- > 0) throw down
        return (await listen?.(...args)) ?? { [Symbol.asyncDispose]: async () => undefined }
      },
    }
    const { clock, flags } = start(store, { database })
    await using _ = flags
    await clock.advance(10)
    expect(store.listeners.size).toBe(0)
    store.away = down
    await clock.advance(1000)
    store.away = undefined
    await clock.advance(1000)
    expect(store.listeners.size).toBe(1)
  })
})

describe('closing', () => {
  test('stops looking, gives up its hints and keeps the last answers', async () => {
    const { store, clock, flags } = start()
    store.set('enabled', true)
    await flags.refresh()
    await flags.close()
    const looks = store.calls.length
    await clock.advance(10_000)
    expect(store.calls).toHaveLength(looks)
    expect(store.listeners.size).toBe(0)
    expect(clock.sleepers()).toBe(0)
    expect(flags.get('enabled')).toBe(true)
    await expect(flags.refresh()).rejects.toMatchObject({ code: 'E_CLOSED' })
    await flags.close()
  })

  test('does not wait for a look that hangs', async () => {
    const store = new FakeStore()
    store.hanging = true
    const { flags } = start(store)
    const startedAt = performance.now()
    await flags.close()
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(flags.status()).toMatchObject({ state: 'defaults', error: undefined })
  })
})
