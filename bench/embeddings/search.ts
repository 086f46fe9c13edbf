import type { Space } from '@core/embeddings'
import { runCallers } from '../callers.ts'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import type { Corpus } from './corpus.ts'
import { goals } from './goals.ts'
import { k, type Store } from './stores.ts'

const callers = 4

/** Searches of each store for the same queries, in turn, with the recall of each: figures at unequal recall say nothing. */
export async function measureSearch(
  of: string,
  stores: readonly Store[],
  corpus: Corpus,
  { measure: options, signal }: BenchContext,
): Promise<Row[]> {
  const queryAt = (index: number) => {
    const query = corpus.queries[index % corpus.queries.length]
    if (query === undefined) throw new Error('there are no queries')
    return query
  }
  const rows: Row[] = []
  for (const store of stores) {
    let found = 0
    for (const { vector, nearest } of corpus.queries) {
      for (const n of await store.search(vector)) if (nearest.has(n)) found += 1
    }
    const recall = found / (corpus.queries.length * k)
    rows.push(
      toRow(`${of}: recall@${k} of ${store.name}`, recall, '', store.name === 'core' ? goals.recall : undefined),
    )
  }
  const measured = await measure(
    stores.map((store) => ({
      name: store.name,
      step: callers,
      run: (count: number) =>
        runCallers(callers, count, async (index) => {
          const { length } = await store.search(queryAt(index).vector)
          if (length !== k) throw new Error(`${store.name} found ${length} of ${k}`)
        }),
    })),
    { ...options, signal },
  )
  for (const { name } of stores) rows.push(toRow(`${of}: searches of ${name}`, measured.perSecond(name), '/s'))
  const against = (name: string, other: string) =>
    stores.some((one) => one.name === other) && stores.some((one) => one.name === name)
      ? [toRow(`${of}: searches, ${name} against ${other}`, measured.ratio(name, other).middle, 'x')]
      : []
  return [...rows, ...against('core', 'SQL by hand'), ...against('core over REST', 'LangChain')]
}

/** A hybrid search beside its two legs. */
export async function measureHybrid(
  of: string,
  space: Pick<Space, 'search'>,
  { queries }: Corpus,
  { measure: options, signal }: BenchContext,
): Promise<Row[]> {
  const measured = await measure(
    (['vector', 'text', 'hybrid'] as const).map((mode) => ({
      name: mode,
      async run(count) {
        for (let at = 0; at < count; at++) await space.search(queries[at % queries.length]?.text ?? '', { mode, k })
        return []
      },
    })),
    { ...options, signal },
  )
  const ms = (mode: string) => 1_000 / measured.perSecond(mode)
  return [
    ...(['vector', 'text', 'hybrid'] as const).map((mode) => toRow(`${of}: a search by ${mode}`, ms(mode), 'ms')),
    toRow(`${of}: hybrid, time of its legs`, ms('hybrid') / (ms('vector') + ms('text')), 'x', goals.hybrid),
  ]
}

/** How many rows come back where a filter leaves few: of tenants, of one item in 200, and of one item. */
export async function measureRowGuarantee(of: string, stores: readonly Store[], corpus: Corpus): Promise<Row[]> {
  const filters = [{ tenant: 3 }, { rare: 7 }, { n: 11 }].map((filter) => {
    const [[key, value] = ['', 0]] = Object.entries(filter)
    const every = key === 'tenant' ? 23 : key === 'rare' ? 200 : corpus.count
    const matching = Math.floor((corpus.count - 1 - value) / every) + 1
    return { filter, due: Math.min(k, matching) }
  })
  const rows: Row[] = []
  for (const store of stores) {
    let [right, asked] = [0, 0]
    for (const { vector } of corpus.queries.slice(0, 30)) {
      for (const { filter, due } of filters) {
        asked += 1
        if ((await store.search(vector, filter)).length === due) right += 1
      }
    }
    const goal = store.name === 'core' ? goals.rowGuarantee : undefined
    rows.push(toRow(`${of}: filtered searches with all rows due, ${store.name}`, (right / asked) * 100, '%', goal))
  }
  return rows
}
