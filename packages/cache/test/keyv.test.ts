import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import keyvTestSuite from '@keyv/test-suite'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import * as vitest from 'vitest'
import { type Cache, createCache } from '../src/index.ts'
import { keyvStore } from '../src/keyv-adapter.ts'
import { postgresStore } from '../src/stores/postgres.ts'

const { afterAll, beforeAll, describe, expect, test } = vitest

/** The public suite of keyv, on memory alone and on both tiers. */

describe('memory alone', () => {
  const cache = createCache({ jitter: 0 })
  afterAll(() => cache.close())
  keyvTestSuite(vitest, Keyv, () => keyvStore(cache))

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
  keyvTestSuite(vitest, Keyv, () => keyvStore(cache))
})
