import type { Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { createEmbeddings } from '@core/embeddings'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { type Corpus, createCorpusModel } from './corpus.ts'
import { goals } from './goals.ts'
import type { Store } from './stores.ts'

const batch = 500

/** Items written in batches of 500 into a space or table without an index of vectors. Core also splits, hashes and indexes words. */
export async function measureIngest(
  stores: readonly Store[],
  { measure: options, signal }: BenchContext,
): Promise<Row[]> {
  const measured = await measure(
    stores.map((store) => {
      let next = 0
      return {
        name: store.name,
        step: batch,
        async run(count: number) {
          for (let done = 0; done < count; done += batch, next += batch) await store.write(next, batch)
          return []
        },
      }
    }),
    { ...options, signal },
  )
  return [
    ...stores.map(({ name }) => toRow(`items written by ${name}, ${batch} in a call`, measured.perSecond(name), '/s')),
    ...(stores.some(({ name }) => name === 'LangChain')
      ? [
          toRow(
            'items written, core over REST against LangChain',
            measured.ratio('core over REST', 'LangChain').middle,
            'x',
          ),
        ]
      : []),
  ]
}

/** A second ingest of documents: unchanged, and with one in ten edited. */
export async function measureReingest(database: Database, corpus: Corpus, { isQuick }: BenchContext): Promise<Row[]> {
  const { model, dimensions, texts } = createCorpusModel(corpus)
  const space = createEmbeddings({ database, project: 'bench', model, dimensions, cache: { database: false } }).space(
    'again',
  )
  const documents = Array.from({ length: isQuick ? 40 : 5_000 }, (_, n) => ({ id: `${n}`, text: corpus.text(n) }))
  await space.upsert(documents, { chunk: false })
  const { generation } = (await space.stats()).model
  const versions = async () => {
    const [row] = await runSql(
      database,
      `select md5(string_agg(item || ' ' || ctid::text || xmin::text, ',' order by item)) as sum, count(*)::text as count from core.embedding_vector_${generation}`,
      [],
    )
    return row?.['sum']
  }
  const [before, asked] = [await versions(), texts()]
  const startedAt = performance.now()
  await space.upsert(documents, { chunk: false })
  const seconds = (performance.now() - startedAt) / 1_000
  const isUntouched = (await versions()) === before
  const unchanged = texts() - asked
  await space.upsert(
    documents.map((document, n) => (n % 10 === 0 ? { ...document, text: `${document.text} edited` } : document)),
    { chunk: false },
  )
  const edited = ((texts() - asked - unchanged) / documents.length) * 100
  return [
    toRow('unchanged documents written again', documents.length / seconds, '/s'),
    toRow('of these, texts embedded again', unchanged, 'texts', goals.unchangedCalls),
    toRow('of these, tables of vectors that were written to', isUntouched ? 0 : 1, 'tables', goals.unchangedWrites),
    toRow('one document in ten edited: embedded again', edited, '%', goals.edited),
  ]
}
