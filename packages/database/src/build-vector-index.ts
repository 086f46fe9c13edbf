import { type CallOptions, CoreError, startDeadline } from '@core/foundation'
import type { Database } from './database.ts'
import { liftTimeouts, restoreTimeouts, type SqlSession, withSession } from './sql-session.ts'
import { withLock } from './with-lock.ts'

/** A generation of embeddings, as `embedding_index_due` names it. */
export interface VectorIndexTarget {
  readonly generation: number
  readonly dims: number
  readonly metric: 'cosine' | 'l2' | 'ip'
}

export interface BuildOptions extends CallOptions {
  /** Connections of the pool that a build, which takes two, must leave to others. Default 0. */
  readonly spare?: number
}

const timeoutMs = 3_600_000
/** Longer vectors are indexed as halfvec alone. */
const maxVectorDims = 2_000
/** What an index needs in memory for a row besides its vector. */
const graphBytes = 800

/**
 * Builds the HNSW index of a generation over two connections of its own, while it is read and written, and then replaces the one
 * there was. Of several processes one builds, and the others return undefined. What a killed build left is removed first. In the
 * embedded database nothing else runs meanwhile. Returns what the index casts vectors to.
 */
export async function buildVectorIndex(
  database: Database,
  { generation, dims, metric }: VectorIndexTarget,
  options: BuildOptions = {},
): Promise<'vector' | 'halfvec' | undefined> {
  if (![generation, dims].every(Number.isSafeInteger))
    throw new CoreError('E_INVALID', 'generation and dims must be whole numbers')
  using deadline = startDeadline('building a vector index', options, timeoutMs)
  const isEmbedded = database.driver === 'embedded'
  // Without instructions for half floats, building on them takes six times as long.
  const type = isEmbedded && dims <= maxVectorDims ? 'vector' : 'halfvec'
  const table = `embedding_vector_${generation}`
  const [name, next] = [`${table}_hnsw`, `${table}_hnsw_next`]
  const concurrently = isEmbedded ? '' : 'concurrently'
  const build = () => withSession(database, replaceIndex, deadline)
  if (isEmbedded) return await build()
  return await withLock(database, name, build, { signal: deadline.signal, spare: options.spare ?? 0 })

  async function replaceIndex(session: SqlSession) {
    const schema = await readSchema(session)
    try {
      await liftTimeouts(session, 'session') // what is built concurrently is built in no transaction of ours
      await session.execute(`drop index ${concurrently} if exists core.${next}`)
      await allowMemory(session, table, dims * (type === 'vector' ? 4 : 2) + graphBytes, isEmbedded)
      await session.execute(
        `create index ${concurrently} ${next} on core.${table}
         using hnsw ((embedding::${schema}.${type}(${dims})) ${schema}.${type}_${metric}_ops)`,
      )
      await session.execute(`drop index ${concurrently} if exists core.${name}`)
      await session.execute(`alter index core.${next} rename to ${name}`)
    } finally {
      await session.execute('reset maintenance_work_mem; reset max_parallel_maintenance_workers')
      await restoreTimeouts(session)
    }
    return type
  }
}

/**
 * A graph that does not fit into maintenance_work_mem is built many times slower. Where there is less than it takes, the session
 * gets more, up to a bound; several workers would need that as shared memory, of which a container may have too little.
 */
async function allowMemory(
  session: SqlSession,
  table: string,
  bytesPerRow: number,
  isEmbedded: boolean,
): Promise<void> {
  const most = isEmbedded ? 256 : 1_024
  const [row] = await session.query(
    `select (select count(*) from core.${table}) * $1::bigint / 1048576 + 1 as needed, pg_size_bytes(current_setting('maintenance_work_mem')) / 1048576 as allowed`,
    [String(Math.ceil(bytesPerRow * 1.1))],
  )
  const [needed, allowed] = [Number(row?.['needed']), Number(row?.['allowed'])]
  if (!(needed > allowed)) return
  await session.execute(`set max_parallel_maintenance_workers = 0`)
  await session.execute(`set maintenance_work_mem = '${Math.min(needed, most)}MB'`)
}

/** The schema of the extension, quoted. */
async function readSchema(session: SqlSession): Promise<string> {
  const [row] = await session.query(
    `select quote_ident(n.nspname) as name from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
     where e.extname = 'vector'`,
  )
  const name = row?.['name']
  if (name == null)
    throw new CoreError('E_CONFLICT', 'this database does not have the extension vector', {
      fix: 'Run core embeddings enable.',
    })
  return name
}
