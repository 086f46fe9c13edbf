import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import type { findPgvectorServer } from '@core/database/testing'
import { createEmbeddings } from '@core/embeddings'
import pg from 'pg'
import { settings } from '../ledger/platform.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { buildIndex, openSpace, project } from './core-space.ts'
import { type Corpus, createCorpus } from './corpus.ts'
import { goals } from './goals.ts'
import { measureIngest, measureReingest } from './ingest.ts'
import { langChainStore } from './langchain-store.ts'
import { startRestServer } from './rest-server.ts'
import { measureHybrid, measureRowGuarantee, measureSearch } from './search.ts'
import { coreStore, documentsSql, type Query, sqlStore } from './stores.ts'

/** The `hnsw.ef_search` of SQL by hand and of LangChain: that of Core's level `balanced`. */
const ef = 80

/** Core, LangChain's store and SQL by hand on one durable server with pgvector; Core and LangChain over the same REST server as well. */
export async function measureServer(
  start: NonNullable<ReturnType<typeof findPgvectorServer>>,
  context: BenchContext,
): Promise<Row[]> {
  const { isQuick, progress, folder } = context
  progress('starting a server')
  await using server = await start({ folder: join(folder, 'server'), durable: true, settings })
  await using database = await openDatabase({ driver: 'postgres', url: server.url })
  await migrateUp({ database })
  await createEmbeddings({ database }).enable()
  await database.rpc('project_register', { p_name: project })
  const pool = new pg.Pool({ connectionString: server.url, max: 10, options: `-c hnsw.ef_search=${ef}` })
  // `end` does not wait until the sockets are closed: the server that stops next may still end a session.
  pool.on('error', () => undefined)
  const query: Query = async (text, values) => (await pool.query(text, [...values])).rows
  try {
    const { rows: facts } = await pool.query(`select version(), extversion from pg_extension where extname = 'vector'`)
    await pool.query(documentsSql('documents'))
    await pool.query(documentsSql('ingested'))
    await pool.query(documentsSql('ingested_by_hand'))
    await pool.query(`alter database postgres set hnsw.ef_search = ${ef}`)
    using rest = await startRestServer(server.url)
    await using overRest = await openDatabase({ driver: 'supabase', url: rest.url, key: rest.serviceKey })
    progress('making vectors')
    const corpus = createCorpus(isQuick ? 60 : 100_000, isQuick ? 3 : 100)
    context.describe('server', {
      ...facts[0],
      items: corpus.count,
      dims: 384,
      ef,
      rest: 'SQL of PostgREST, without its roles',
    })
    const rows = await measureIngest(
      [
        coreStore('core', openSpace(database, corpus, 'ingested'), corpus),
        coreStore('core over REST', openSpace(overRest, corpus, 'ingested-rest'), corpus),
        langChainStore(rest, 'ingested', corpus),
        sqlStore(query, 'ingested_by_hand', corpus),
      ],
      context,
    )
    rows.push(...(await measureReingest(database, corpus, context)))
    const { space, rows: filled } = await fill(database, pool, corpus, context)
    rows.push(...filled)
    const stores = [
      coreStore('core', space, corpus),
      sqlStore(query, 'documents', corpus),
      coreStore('core over REST', openSpace(overRest, corpus), corpus),
      langChainStore(rest, 'documents', corpus),
    ]
    const of = `server, ${corpus.count.toLocaleString('en')}`
    rows.push(...(await measureSearch(of, stores, corpus, context)))
    rows.push(...(await measureHybrid(of, space, corpus, context)))
    rows.push(...(await measureRowGuarantee(of, stores, corpus)))
    return rows
  } finally {
    await pool.end()
  }
}

/** The whole corpus through Core, copied into the table of the others, and both indexed. */
async function fill(database: Database, pool: pg.Pool, corpus: Corpus, { progress }: BenchContext) {
  const space = openSpace(database, corpus)
  const core = coreStore('core', space, corpus)
  progress(`writing ${corpus.count} items`)
  for (let from = 0; from < corpus.count; from += 1_000) await core.write(from, Math.min(1_000, corpus.count - from))
  const { generation } = (await space.stats()).model
  const vectors = `core.embedding_vector_${generation}`
  await pool.query(
    `insert into documents (content, metadata, embedding)
     select i.content, i.metadata, v.embedding::vector from core.embedding_item i join ${vectors} v on v.item = i.id order by i.id`,
  )
  progress('building the index of core')
  const coreSeconds = await timed(() => buildIndex(database, space))
  progress('building the index by hand')
  const client = await pool.connect()
  const handSeconds = await timed(async () => {
    await client.query(`set maintenance_work_mem = '1GB'; set max_parallel_maintenance_workers = 0`)
    await client.query('create index documents_hnsw on documents using hnsw (embedding vector_cosine_ops)')
  })
  client.release(true)
  await pool.query('vacuum (analyze)')
  const size = async (relation: string, what: 'table' | 'relation') => {
    const { rows } = await pool.query(`select pg_${what}_size('${relation}') / 1048576.0 as mb`)
    return (Number(rows[0]?.mb) * 100_000) / corpus.count
  }
  const [coreIndex, handIndex] = [await size(`${vectors}_hnsw`, 'relation'), await size('documents_hnsw', 'relation')]
  const rows = [
    toRow('100,000 x 384: vectors of core', await size(vectors, 'table'), 'MB'),
    toRow('100,000 x 384: index of core (halfvec)', coreIndex, 'MB'),
    toRow('100,000 x 384: index by hand (vector)', handIndex, 'MB'),
    toRow('index of core, size against by hand', coreIndex / handIndex, 'x', goals.indexSize),
    toRow('building the index of core, concurrently', coreSeconds, 's'),
    toRow('building the index by hand', handSeconds, 's'),
  ]
  return { space, rows }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1_000
}
