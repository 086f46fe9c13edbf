import { buildVectorIndex, openDatabase } from '@core/database'
import { findPgvectorServer, type PgvectorServer, runSql } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeOnEveryDatabase } from './suites/on-every-database.ts'
import { describePlanTexts } from './suites/plan-texts.ts'
import { describePlans } from './suites/plans.ts'
import { describeRowGuarantee } from './suites/row-guarantee.ts'

const start = findPgvectorServer()

if (start === undefined) {
  test('a real server with pgvector', ({ skip }) => skip('there is no pgvector server on this machine'))
} else {
  let server: PgvectorServer
  let on: EmbeddingsUnderTest
  beforeAll(async () => {
    server = await start()
    on = await openEmbeddings(server.url)
  })
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  test('a host that ends long statements ends no build of an index', async () => {
    const [row] = await runSql(
      on.database,
      `select current_database() as name, quote_ident(n.nspname) as schema
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`,
      [],
    )
    const target = { generation: 999_999, dims: 64, metric: 'cosine' } as const
    const table = `core.embedding_vector_${target.generation}`
    const limit = `alter database "${row?.['name']}"`
    await runSql(
      on.database,
      `create table ${table} as select (select array_agg(random() + 0 * (n + g)) from generate_series(1, 64) g)::${row?.['schema']}.vector(64)
      as embedding from generate_series(1, 4000) n`,
    )
    await runSql(on.database, `${limit} set statement_timeout = '200ms'`)
    try {
      await using database = await openDatabase({ driver: 'postgres', url: server.url, poolSize: 2 })
      expect(await buildVectorIndex(database, target)).toBe('halfvec')
      const [after] = await runSql(database, `select current_setting('statement_timeout') as limited`, [])
      expect(after).toEqual({ limited: '200ms' })
    } finally {
      await runSql(on.database, `${limit} reset statement_timeout; drop table ${table}`)
    }
  })

  const open = () => on
  describeOnEveryDatabase(open)
  describeRowGuarantee(open, 150)
  describePlans(open)
  describePlanTexts(open, () => server.url)
}
