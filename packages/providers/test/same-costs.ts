import type { TestDatabase } from '@core/database/testing'
import { type Cost, type CostRequest, costOf, type Usage, units } from '@core/providers/price'
import { readShippedCards } from '@core/providers/price/cards'
import { expect } from 'vitest'

type Priced = Omit<CostRequest, 'at'> & { readonly at: string }

/** What SQL says that each costs. */
export async function sqlCosts({ sql }: Pick<TestDatabase, 'sql'>, priced: readonly Priced[]): Promise<unknown[]> {
  const rows = await sql(
    `select core.price_cost(c.value -> 'rates', c.value -> 'usage', (c.value ->> 'at')::timestamptz,
       (c.value ->> 'nano')::bigint, (c.value ->> 'markup')::int,
       c.value ->> 'tier', coalesce((c.value ->> 'isApproximated')::boolean, false)) as cost
     from jsonb_array_elements($1::jsonb) with ordinality c order by c.ordinality`,
    [JSON.stringify(priced.map(toRow))],
  )
  return rows.map((row) => row['cost'])
}

function toRow({ credit, ...priced }: Priced) {
  return { ...priced, nano: credit?.nanoUsdPerCredit ?? 1_000_000_000, markup: credit?.markupBasisPoints ?? 0 }
}

/**
 * Random usages of shipped models at random times, credit rates and markups cost the same in SQL and in TypeScript; a third of
 * them have a service tier, of which half of the calls are, and a tenth is priced as the dearest of an unknown model.
 */
export async function expectSameCosts(
  on: Pick<TestDatabase, 'sql'>,
  { batches, size }: { batches: number; size: number },
): Promise<void> {
  const random = createRandom(7)
  const cards = readShippedCards().filter((_, index) => index % 50 === 0)
  for (let batch = 0; batch < batches; batch++) {
    const priced = Array.from({ length: size }, (): Priced => {
      const { rates: listed } = cards[random(cards.length)] ?? { rates: [] }
      const hasTier = random(3) === 0
      const ofTier = hasTier
        ? listed.map((rate) => ({ ...rate, tier: 'priority', nanoUsdPerMillion: 1 + random(9e10) }))
        : []
      const rates = [...listed, ...ofTier]
      const tier = hasTier && random(2) === 0 ? 'priority' : undefined
      const own = new Set(rates.map(({ unit }) => unit))
      const usable = units.filter((unit) => own.has(unit) || unit === 'requests')
      const usage: Usage = Object.fromEntries(usable.map((unit) => [unit, random(3) === 0 ? 0 : random(400_000)]))
      const at = new Date(1.79e12 + random(1e9)).toISOString()
      const credit = { nanoUsdPerCredit: 1 + random(2e9), markupBasisPoints: random(20_000) }
      return { usage, rates, at, credit, tier, isApproximated: random(10) === 0 }
    })
    const expected: Cost[] = priced.map(({ at, ...request }) => costOf({ ...request, at: new Date(at) }))
    expect(await sqlCosts(on, priced)).toEqual(expected)
  }
}

/** Whole numbers below a bound, the same in each run. */
function createRandom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}
