import { type CreditRate, costOf, createPriceBook, oneUsdPerCredit } from '@core/providers/price'
import { readShippedCards } from '@core/providers/price/cards'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'

const at = new Date('2026-11-20T09:30:00Z')
const credit = { nanoUsdPerCredit: 10_000_000, markupBasisPoints: 2_000 }

/** Usage of gpt-5 and of a model with rates for long prompts, with rates that were found before. */
export async function measureCost({ measure: options, signal }: BenchContext): Promise<Row[]> {
  const book = createPriceBook(readShippedCards())
  const found = book.find('openai', 'gpt-5', at)
  if (found === undefined) throw new Error('gpt-5 has no price')
  const usages = Array.from({ length: 256 }, (_, index) => ({
    input: 1_000 + index,
    cacheRead: 500,
    output: 300 + index,
  }))
  const { rates } = found
  const priced = (worth: CreditRate) => (count: number) => {
    let sum = 0
    for (let index = 0; index < count; index++) {
      sum += costOf({ usage: usages[index % usages.length] ?? {}, rates, at, credit: worth }).micro
    }
    if (sum === 0) throw new Error('calls were free')
    return []
  }
  const measured = await measure(
    [
      { name: 'cost', run: async (count) => priced(oneUsdPerCredit)(count) },
      { name: 'cost with a markup', run: async (count) => priced(credit)(count) },
      {
        name: 'find a price',
        run: async (count) => {
          for (let index = 0; index < count; index++)
            if (book.find('openai', 'gpt-5', at) === undefined) throw new Error('lost')
          return []
        },
      },
    ],
    { ...options, signal },
  )
  const microseconds = (name: string) => 1e6 / measured.perSecond(name)
  return [
    toRow('cost of a call', microseconds('cost'), 'µs', { atMost: 1 }),
    toRow('cost of a call with a markup', microseconds('cost with a markup'), 'µs'),
    toRow('find a price of 1,500', microseconds('find a price'), 'µs'),
  ]
}
