import { callable, creditRateSet, priceImport, priceList, priceQuote, priceSet } from '@core/api/functions'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { costOf, createPriceBook, followPriceBook } from '@core/providers/price'
import { readShippedCards, shippedSource } from '@core/providers/price/cards'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { costCases, refusedCases } from '../src/price/cost-cases.ts'
import { expectSameCosts, sqlCosts } from './same-costs.ts'

let on: TestDatabase
let names = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  for (const p_name of ['smart_layer', 'manus_origin']) await on.database.rpc('project_register', { p_name })
})
afterAll(() => on.drop())

const set = (...args: Parameters<ReturnType<typeof setter>>) => setter()(...args)
const setter = () => callable(on.database, priceSet)
const quote = (...args: Parameters<ReturnType<typeof quoter>>) => quoter()(...args)
const quoter = () => callable(on.database, priceQuote)
const newModel = () => `model-${names++}`
const rates = [
  { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
  { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
]

describe('SQL costs what TypeScript costs', () => {
  test.each(costCases)('$name', async (one) => {
    const [cost] = await sqlCosts(on, [one])
    expect(cost).toEqual({ micro: one.micro, approximated: one.approximated })
  })

  test.each(refusedCases)('$name is refused', async ({ usage, rates: of, tier, code }) => {
    const model = newModel()
    await set({ provider: 'maker', model, rates: of.map((rate) => ({ ...rate })) })
    await expect(quote({ provider: 'maker', model, usage, tier })).rejects.toMatchObject({ code })
  })

  // 20,000 of them: price.soak.test.ts.
  test('for 1,000 random usages', async () => expectSameCosts(on, { batches: 2, size: 500 }))
})

describe('the price book', () => {
  test('what has no price is refused', async () => {
    await expect(quote({ provider: 'maker', model: newModel(), usage: { input: 1 } })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
      details: { reason: 'price_unknown' },
    })
  })

  test('or, if so asked, charged at the highest rates of its provider, else of all models', async () => {
    const provider = `maker-${names++}`
    const unknown = 'dearest'
    const [cheap, dear] = [newModel(), newModel()]
    await set({ provider, model: cheap, rates: [{ unit: 'input', nanoUsdPerMillion: 1_000_000_000 }] })
    await set({
      provider,
      model: dear,
      rates: [...rates, { unit: 'input', nanoUsdPerMillion: 9_000_000_000, tier: 'priority' }],
    })
    await using book = await followPriceBook(on.database, { unknown })
    const at = new Date(Date.now() + 1_000)
    for (const [asked, usage] of [
      [provider, { input: 1_000, output: 1_000 }],
      [provider, { audioIn: 7, requests: 1 }],
      ['maker-of-nothing', { input: 1_000 }],
    ] as const) {
      const found = book.find(asked, 'unheard-of', at) ?? book.findDearest(asked, at)
      if (found === undefined) throw new Error('nothing is known')
      const { micro, approximated } = costOf({ usage, at, ...found })
      expect(micro).toBeGreaterThan(0)
      expect(await quote({ provider: asked, model: 'unheard-of', usage, at: at.toISOString(), unknown })).toMatchObject(
        {
          source: 'dearest',
          micro,
          approximated,
        },
      )
    }
    expect(
      (await quote({ provider, model: 'unheard-of', usage: { input: 1_000, output: 1_000 }, unknown })).micro,
    ).toBe(11_000)
    await using refusing = await followPriceBook(on.database)
    expect(refusing.findDearest(provider, at)).toBeUndefined()
    await expect(quote({ provider, model: cheap, usage: { input: 1 }, unknown: 'free' })).rejects.toMatchObject({
      code: 'E_INVALID',
    })
  })

  test('setting the same price again changes nothing', async () => {
    const model = newModel()
    expect(await set({ provider: 'maker', model, rates })).toMatchObject({ changed: true, source: 'override' })
    expect(await set({ provider: 'maker', model, rates })).toMatchObject({ changed: false })
  })

  test("a project's override wins over one for all, that over what was imported, and the past stays", async () => {
    const model = newModel()
    const importing = callable(on.database, priceImport)
    const at = (unit: number) => [{ unit: 'input', nanoUsdPerMillion: unit * 1_000_000_000 }]
    await importing({ source: 'list', cards: [{ provider: 'maker', model, rates: at(1) }] })
    const cost = async (project?: string, time?: string) =>
      (await quote({ provider: 'maker', model, usage: { input: 1 }, project, at: time })).micro
    const before = new Date().toISOString()
    expect(await cost()).toBe(1)
    await set({ provider: 'maker', model, rates: at(2) })
    await set({ provider: 'maker', model, rates: at(3), project: 'smart_layer' })
    expect([await cost(), await cost('smart_layer'), await cost('manus_origin')]).toEqual([2, 3, 2])
    expect(await cost('smart_layer', before)).toBe(1)
    await set({ provider: 'maker', model, rates: at(4), from: '2035-01-01T00:00:00Z' })
    expect([await cost(), await cost(undefined, '2035-06-01T00:00:00Z')]).toEqual([2, 4])
  })

  test('an import says what would change, then changes that, then nothing', async () => {
    const importing = callable(on.database, priceImport)
    const cards = [
      { provider: 'maker', model: newModel(), rates, aliases: ['other-name'] },
      { provider: 'maker', model: newModel(), rates },
      { provider: 'maker', model: `dated-${names}`, rates },
      {
        provider: 'maker',
        model: `dated-${names}`,
        rates: [{ unit: 'input', nanoUsdPerMillion: 5 }],
        validFrom: '2026-03-13',
      },
    ]
    expect(await importing({ source: 'test', cards, dryRun: true })).toMatchObject({
      unchanged: 0,
      changes: [{ before: null }, {}, {}, {}],
    })
    expect(await importing({ source: 'test', cards })).toMatchObject({ unchanged: 0, dry_run: false })
    expect(await importing({ source: 'test', cards })).toMatchObject({ unchanged: 4, changes: [] })
    const dearer = [{ unit: 'input', nanoUsdPerMillion: 9_000_000_000 }]
    const changed = await importing({
      source: 'test',
      cards: cards.map((card) => ({ ...card, rates: dearer })).slice(1, 2),
    })
    expect(changed.changes).toMatchObject([{ before: rates, after: dearer }])
    expect(await quote({ provider: 'maker', model: 'other-name', usage: { input: 1 } })).toMatchObject({ micro: 1 })
    const dated = `dated-${names}`
    expect(await quote({ provider: 'maker', model: dated, usage: { input: 1_000_000 } })).toMatchObject({ micro: 1 })
    expect(
      await quote({ provider: 'maker', model: dated, usage: { input: 1 }, at: '2026-03-12T00:00:00Z' }),
    ).toMatchObject({ micro: 1 })
  })

  test('a later version of a list is compared with the one before, and changes nothing of the past', async () => {
    const importing = callable(on.database, priceImport)
    const [same, changed, dated, fresh] = [newModel(), newModel(), newModel(), newModel()]
    const at = (unit: number) => [{ unit: 'input', nanoUsdPerMillion: unit * 1_000_000_000 }]
    const first = [same, changed, dated].map((model) => ({ provider: 'maker', model, rates: at(1) }))
    await importing({ source: 'versions 1.0', cards: first })
    await set({ provider: 'maker', model: same, rates: at(7) })
    const later = [
      { provider: 'maker', model: same, rates: at(1) },
      { provider: 'maker', model: changed, rates: at(2) },
      { provider: 'maker', model: dated, rates: at(1) },
      { provider: 'maker', model: dated, rates: at(3), validFrom: '2026-03-13' },
      { provider: 'maker', model: fresh, rates: at(4) },
    ]
    const cost = async (model: string, time?: string) =>
      (await quote({ provider: 'maker', model, usage: { input: 1 }, at: time })).micro
    const diff = { unchanged: 2, overridden: 1, changes: [{ before: at(1) }, { before: null }, { before: null }] }
    expect(await importing({ source: 'versions 1.1', cards: later, dryRun: true })).toMatchObject(diff)
    const before = new Date().toISOString()
    expect(await importing({ source: 'versions 1.1', cards: later })).toMatchObject(diff)
    expect(await importing({ source: 'versions 1.1', cards: later })).toMatchObject({ unchanged: 5, changes: [] })
    expect([await cost(same), await cost(changed), await cost(dated), await cost(fresh)]).toEqual([7, 2, 3, 4])
    for (const time of ['2026-04-01T00:00:00Z', before])
      expect([await cost(changed, time), await cost(dated, time)]).toEqual([1, 1])
    // Another list does not change the past either.
    await importing({ source: 'file', cards: [{ provider: 'maker', model: changed, rates: at(9) }] })
    expect([await cost(changed), await cost(changed, before)]).toEqual([9, 1])
    await using book = await followPriceBook(on.database)
    const rate = (time: string) => book.find('maker', changed, new Date(time))?.rates
    expect([rate(before), rate('2034-01-01T00:00:00Z')]).toEqual([at(1), at(9)])
  })

  test('the local model is free unless it has a price, whatever an unknown one costs', async () => {
    const local = newModel()
    for (const unknown of ['refuse', 'dearest'])
      expect(
        await quote({ provider: 'local', model: local, usage: { input: 9_000, output: 9 }, tier: 'priority', unknown }),
      ).toMatchObject({ source: 'local', micro: 0, approximated: [] })
    await expect(quote({ provider: 'local', model: local, usage: { searches: 1 } })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    })
    await set({ provider: 'local', model: local, rates })
    expect(await quote({ provider: 'local', model: local, usage: { input: 1 } })).toMatchObject({ micro: 1 })
  })

  test('the shipped prices are taken over whole, and a book in memory has what the database has', async () => {
    const cards = readShippedCards().map(({ rates: of, aliases, ...card }) => ({
      ...card,
      aliases: [...aliases],
      rates: of.map((rate) => ({ ...rate })),
    }))
    expect(cards.length).toBeGreaterThan(1_500)
    // On one connection, whose plans are of a book that was empty.
    const take = async (from: number) => {
      const part = JSON.stringify(cards.slice(from, from + 500))
      const [row] = await on.sql('select core_api.price_import($1, $2::jsonb) as answer', [shippedSource, part])
      return row?.['answer']
    }
    const reads = async () => {
      const [row] = await on.sql(`select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint as read
        from pg_stat_xact_user_tables where schemaname = 'core' and relname = 'price_card'`)
      return Number(row?.['read'])
    }
    for (let from = 0; from < cards.length; from += 500) await take(from)
    await on.sql('begin')
    const before = await reads()
    expect(await take(0)).toMatchObject({ changes: [], unchanged: 500 })
    expect((await reads()) - before).toBeLessThan(50_000) // and not all cards for each of them
    await on.sql('commit')

    await using book = await followPriceBook(on.database)
    const at = new Date('2026-11-20T09:30:00Z')
    const usage = { input: 1_234, output: 567 }
    const shipped = createPriceBook(readShippedCards())
    for (const { provider, model } of cards.filter((card, index) => index % 100 === 0 && 'rates' in card)) {
      const found = book.find(provider, model, at)
      expect(found?.rates).toEqual(shipped.find(provider, model, at)?.rates)
      if (found === undefined || !['input', 'output'].every((unit) => found.rates.some((rate) => rate.unit === unit)))
        continue
      const { micro } = await quote({ provider, model, usage, at: at.toISOString() })
      expect(costOf({ usage, at, ...found }).micro).toBe(micro)
    }
    const list = await callable(on.database, priceList)({ provider: 'openai', limit: 1_000 })
    expect(list.prices.length).toBeGreaterThan(50)
  })

  test('what a credit is worth is per project, dated, and part of a quote', async () => {
    const worth = callable(on.database, creditRateSet)
    const model = newModel()
    await set({ provider: 'maker', model, rates })
    // Milliseconds after the card of the database, whose time has microseconds, and before the rate.
    await new Promise((resolve) => setTimeout(resolve, 5))
    const before = new Date().toISOString()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const half = { nanoUsdPerCredit: 500_000_000, markupBasisPoints: 1_000, project: 'manus_origin' }
    expect(await worth(half)).toMatchObject({ changed: true })
    expect(await worth(half)).toMatchObject({ changed: false })
    const cost = async (project: string, at?: string) =>
      (await quote({ provider: 'maker', model, usage: { input: 1_000 }, project, at })).micro
    expect([await cost('manus_origin'), await cost('smart_layer'), await cost('manus_origin', before)]).toEqual([
      2_200, 1_000, 1_000,
    ])
    await using book = await followPriceBook(on.database, { project: 'manus_origin' })
    const found = book.find('maker', model, new Date(Date.now() + 1_000))
    expect(found && costOf({ usage: { input: 1_000 }, at: new Date(), ...found }).micro).toBe(2_200)
    await expect(worth({ nanoUsdPerCredit: 0 })).rejects.toMatchObject({ code: 'E_INVALID' })
  })

  test('a follower sees a change, and a project only its own overrides', async () => {
    const model = newModel()
    await using mine = await followPriceBook(on.database, { project: 'smart_layer' })
    await using theirs = await followPriceBook(on.database, { project: 'manus_origin' })
    await set({ provider: 'maker', model, rates, project: 'smart_layer' })
    await Promise.all([mine.refresh(), theirs.refresh()])
    expect(mine.find('maker', model, new Date(Date.now() + 1_000))?.rates).toEqual(rates)
    expect(theirs.find('maker', model, new Date(Date.now() + 1_000))).toBeUndefined()
  })

  test.each([
    [{ provider: 'Maker', model: 'm', rates }],
    [{ provider: 'maker', model: '', rates }],
    [{ provider: 'maker', model: 'm', rates: [] }],
    [{ provider: 'maker', model: 'm', rates: [{ unit: 'pages', nanoUsdPerMillion: 1 }] }],
    [{ provider: 'maker', model: 'm', rates: [{ unit: 'input', nanoUsdPerMillion: 0.5 }] }],
    [{ provider: 'maker', model: 'm', rates: [{ unit: 'input', nanoUsdPerMillion: 1, from: '25:00', to: '01:00' }] }],
    [{ provider: 'maker', model: 'm', rates: [{ unit: 'input', nanoUsdPerMillion: 1, from: '01:00' }] }],
    [{ provider: 'maker', model: 'm', rates: [{ unit: 'input', nanoUsdPerMillion: 1, tier: 'Priority!' }] }],
  ])('%o is refused', async (input) => {
    await expect(set(input)).rejects.toMatchObject({ code: 'E_INVALID' })
  })
})
