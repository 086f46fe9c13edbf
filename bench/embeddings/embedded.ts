import type { Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { createEmbeddings } from '@core/embeddings'
import type { Row } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { buildIndex, openSpace } from './core-space.ts'
import type { Corpus } from './corpus.ts'
import { measureReingest } from './ingest.ts'
import { measureHybrid, measureRowGuarantee, measureSearch } from './search.ts'
import { coreStore, documentsSql, sqlStore } from './stores.ts'

/** Core beside SQL by hand on one embedded database: there is one connection, so callers wait in line. */
export async function measureEmbedded(database: Database, corpus: Corpus, context: BenchContext): Promise<Row[]> {
  const { progress, describe } = context
  const of = `embedded, ${corpus.count.toLocaleString('en')}`
  await createEmbeddings({ database }).enable()
  await database.rpc('project_register', { p_name: 'bench' })
  const space = openSpace(database, corpus)
  const core = coreStore('core', space, corpus)
  progress(`${of}: writing`)
  for (let from = 0; from < corpus.count; from += 1_000) await core.write(from, Math.min(1_000, corpus.count - from))
  await runSql(database, documentsSql('documents').split('grant')[0] ?? '')
  const byHand = sqlStore((text, values) => runSql(database, text, values), 'documents', corpus)
  await runSql(
    database,
    `insert into documents (content, metadata, embedding)
     select i.content, i.metadata, v.embedding::vector from core.embedding_item i join core.embedding_vector_1 v on v.item = i.id`,
  )
  const [version] = await runSql(database, `select extversion from pg_extension where extname = 'vector'`, [])
  describe('embedded', { pgvector: version?.['extversion'], items: corpus.count, dims: 384 })
  progress(`${of}: building indexes`)
  await buildIndex(database, space)
  await runSql(database, 'create index on documents using hnsw (embedding vector_cosine_ops)')
  await runSql(database, 'set hnsw.ef_search = 80; analyze')
  return [
    ...(await measureSearch(of, [core, byHand], corpus, context)),
    ...(await measureHybrid(of, space, corpus, context)),
    ...(await measureRowGuarantee(of, [core], corpus)),
    ...(context.isQuick ? await measureReingest(database, corpus, context) : []),
  ]
}
