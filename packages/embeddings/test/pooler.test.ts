import { buildVectorIndex, type Database, openDatabase } from '@core/database'
import {
  findPgBouncer,
  findPgvectorServer,
  type PgvectorServer,
  type Pooler,
  startPooler,
} from '@core/database/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCountingModel, type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeBehaviour } from './suites/behaviour.ts'

/** Behind a pooler that gives each transaction another connection. */

const start = findPgvectorServer()
const command = findPgBouncer()

if (start === undefined || command === undefined) {
  test('a server with pgvector behind a pooler', ({ skip }) => skip('there is no pgvector server or no pgbouncer here'))
} else {
  let server: PgvectorServer
  let pooler: Pooler
  let on: EmbeddingsUnderTest
  /** Writes, and looks from outside. */
  const direct: pg.Client[] = []
  const processes: Database[] = []
  beforeAll(async () => {
    server = await start()
    const url = server.url
    await using first = await openEmbeddings(url)
    await first.project()
    pooler = await startPooler(command, url)
    on = await openEmbeddings(pooler.url)
    for (let n = 0; n < 2; n++) processes.push(await openDatabase({ driver: 'postgres', url: pooler.url }))
    for (let n = 0; n < 2; n++) direct.push(new pg.Client({ connectionString: url }))
    for (const client of direct) await client.connect()
  })
  afterAll(async () => {
    for (const client of direct) await client.end()
    for (const database of processes) await database.close()
    await on?.[Symbol.asyncDispose]()
    await pooler?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  describe('behind a pooler', () => describeBehaviour(() => on))

  test('of two processes one builds an index, though each statement meets another connection, and the next one can', async () => {
    const { model, dimensions } = createCountingModel('pooled')
    const space = (await on.embeddings({ model, dimensions })).space('docs')
    await space.upsert(Array.from({ length: 50 }, (_, n) => ({ id: `${n}`, text: `Page ${n}.` })))
    const { generation, dims, metric } = (await space.stats()).model
    const [one, other] = processes
    const [writer, observer] = direct
    if (!one || !other || !writer || !observer) throw new Error('there are two of each')
    const build = (database: Database) => buildVectorIndex(database, { generation, dims, metric })
    const count = async (sql: string) => Number((await observer.query(sql)).rows[0]?.count)
    const building = () =>
      count(`select count(*) from pg_stat_activity
        where query like 'create index concurrently%' and wait_event_type = 'Lock' and state = 'active'`)
    const locks = () => count(`select count(*) from pg_locks where locktype = 'advisory'`)
    // Three connections serve all: calls of others mix the order in which they are taken.
    const stop = new AbortController()
    const traffic = (async () => {
      while (!stop.signal.aborted) await Promise.all([space.stats(), space.stats()])
    })()
    try {
      for (const [builds, waits] of [
        [one, other],
        [other, one],
        [one, other],
      ] as const) {
        // A write that has not ended holds up the build.
        await writer.query('begin')
        await writer.query(`update core.embedding_vector_${generation} set tenant = tenant`)
        const first = build(builds)
        first.catch(() => undefined)
        try {
          await expect.poll(building, { timeout: 30_000 }).toBe(1)
          expect(await build(waits)).toBeUndefined()
        } finally {
          await writer.query('rollback')
        }
        expect(await first).toBe('halfvec')
        await expect.poll(locks, { timeout: 30_000 }).toBe(0)
      }
    } finally {
      stop.abort()
      await traffic
    }
    const names = await observer.query(
      `select indexrelid::regclass::text as name, indisvalid from pg_index where indrelid = 'core.embedding_vector_${generation}'::regclass order by 1`,
    )
    expect(names.rows).toContainEqual({ name: `core.embedding_vector_${generation}_hnsw`, indisvalid: true })
    expect(names.rows).toHaveLength(3)
  })
}
