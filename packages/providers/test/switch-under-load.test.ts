import { createFlags, declareFlags } from '@core/config/flags'
import { createTestDatabase } from '@core/database/testing'
import { createLlm, createLocalDriver } from '@core/providers/llm'
import { createPriceBook } from '@core/providers/price'
import { createMemoryDriver, createStorage } from '@core/providers/storage'
import { expect, test } from 'vitest'
import { z } from 'zod'

const stores = ['memory', 'disk'] as const
const providers = ['local', 'second'] as const
const declarations = declareFlags({
  'providers.llm': { description: 'The model provider.', default: 'local', schema: z.enum(providers) },
  'providers.storage': { description: 'The store.', default: 'memory', schema: z.enum(stores) },
})

test('flags switched in the database under load fail no call, and every call sees one of the values', async () => {
  await using test = await createTestDatabase()
  const { database } = test
  await using flags = createFlags({ declarations, database, pollMs: 50 })
  await flags.refresh()
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000 },
    { unit: 'output', nanoUsdPerMillion: 1_000 },
  ] as const
  const cards = providers.map((provider) => ({ provider, model: 'local', aliases: [], rates }))
  const targets = providers.map((name) => ({ driver: createLocalDriver(name), model: 'local' }))
  const llm = createLlm({ targets, prices: createPriceBook(cards), flags })
  const storage = createStorage({ stores: stores.map((name) => ({ ...createMemoryDriver(), name })), flags })

  let isOver = false
  let calls = 0
  const used = { providers: new Set<string>(), failures: [] as unknown[] }
  const load = Array.from({ length: 8 }, async (_, worker) => {
    for (let round = 0; !isOver; round++) {
      try {
        const { provider } = await llm.chat({ messages: [{ role: 'user', content: 'Hi' }], maxOutputTokens: 5 })
        used.providers.add(provider)
        const key = `${worker}/${round % 5}`
        await storage.upload(key, Buffer.from(key))
        const file = await storage.download(key)
        expect(await new Response(file?.stream).text()).toBe(key)
        calls++
      } catch (error) {
        used.failures.push(error)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  for (let turn = 1; turn <= 6; turn++) {
    const [provider, store] = [providers[turn % 2], stores[turn % 2]]
    await database.rpc('flag_set', { p_name: 'providers.llm', p_value: provider ?? 'local' })
    await database.rpc('flag_set', { p_name: 'providers.storage', p_value: store ?? 'memory' })
    await expect.poll(() => [flags.get('providers.llm'), flags.get('providers.storage')]).toEqual([provider, store])
    const before = calls
    await expect.poll(() => calls).toBeGreaterThan(before + 16)
  }
  isOver = true
  await Promise.all(load)
  expect(used.failures).toEqual([])
  expect([...used.providers].toSorted()).toEqual(['local', 'second'])
  expect(flags.status().faults).toEqual([])
})
