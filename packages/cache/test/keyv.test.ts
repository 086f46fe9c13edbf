import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import keyvTestSuite from '@keyv/test-suite'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import * as vitest from 'vitest'
import { type Cache, createCache } from '../src/index.ts'
import { type KeyvStore, keyvStore } from '../src/keyv-adapter.ts'
import { postgresStore } from '../src/stores/postgres.ts'

const { afterAll, beforeAll, beforeEach, describe, expect, test } = vitest

let tests = 0

/**
 * The public suite of keyv. Some of its tests start a call and do not wait for it, so that it lands while the next test runs:
 * each test has a namespace of its own.
 */
function runSuite(cache: () => Cache, adapt: (store: KeyvStore) => KeyvStore = (store) => store): void {
  beforeEach(() => {
    tests++
  })
  keyvTestSuite(vitest, Keyv, () => adapt(keyvStore(cache().namespace(`test ${tests}`))))
}

describe('memory alone', () => {
  const cache = createCache({ jitter: 0 })
  afterAll(() => cache.close())
  runSuite(() => cache)

  test('is what keyv asks for', async () => {
    const store: KeyvStoreAdapter = keyvStore(cache)
    const keyv = new Keyv({ store, namespace: 'types' })
    await keyv.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 60_000 },
    ])
    expect(await keyv.getMany(['a', 'b', 'c'])).toEqual([1, 2, undefined])
    expect(await keyv.hasMany(['a', 'c'])).toEqual([true, false])
    expect(await keyv.deleteMany(['a', 'b'])).toBe(true)
    await keyv.disconnect()
    expect(await cache.get('open still')).toBeUndefined()
  })
})

describe('memory whose deletes land late', () => {
  const cache = createCache({ jitter: 0 })
  const deletes: Promise<boolean>[] = []
  const late = (store: KeyvStore): KeyvStore => {
    const { deleteMany } = store
    store.deleteMany = (keys) => {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      setTimeout(() => resolve(deleteMany(keys)), 30)
      deletes.push(promise)
      return promise
    }
    return store
  }
  afterAll(async () => {
    await Promise.all(deletes)
    await cache.close()
  })
  runSuite(() => cache, late)
})

describe('memory and Postgres', () => {
  let on: TestDatabase
  let cache: Cache
  beforeAll(async () => {
    on = await createTestDatabase()
    cache = createCache({ jitter: 0, store: postgresStore({ database: on.database, project: 'smart_layer' }) })
  })
  afterAll(async () => {
    await cache.close()
    await on.drop()
  })
  runSuite(() => cache)
})
