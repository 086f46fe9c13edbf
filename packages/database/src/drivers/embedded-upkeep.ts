import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@core/foundation'
import type { SqlSession, TextRow } from '../sql-session.ts'
import type { EmbeddedQueue } from './embedded-queue.ts'

export interface EmbeddedUpkeepDependencies {
  queue: Pick<EmbeddedQueue, 'alone'>
  logger: Logger
  /** Milliseconds from the end of one look to the next. */
  lookMs?: number | undefined
}

const LOOK_MS = 5_000
/** Dead rows are looked for at every twelfth look, once a minute, as a server does; and after each checkpoint. */
const LOOKS_A_VACUUM = 12
/** What a crash leaves to be replayed, and the least that the log takes on disk. */
const CHECKPOINT_BYTES = 64 * 2 ** 20

const checkpointDue = `
select from pg_catalog.pg_control_checkpoint()
where pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), redo_lsn) > $1::numeric`

/**
 * Postgres' own rules (Routine Vacuuming, "The Autovacuum Daemon"): a fifth of the rows dead, a tenth of them new to the
 * planner, or numbers of transactions that run out. The base is 1,000 rows and not 50: a small table costs nothing.
 *
 * Indexes of vectors keep their dead entries until they are built again, which takes a quarter of the time: 8,000 vectors, a
 * fourth of them deleted, would stop everything for 50 s.
 */
const tablesDue = `
select format('%s %I.%I', case when need.vacuum then format('vacuum (analyze %s, index_cleanup %s)', need.analyze::text, need.cleanup)
  else 'analyze' end, s.schemaname, s.relname) as statement
from pg_catalog.pg_stat_all_tables s
join pg_catalog.pg_class c on c.oid = s.relid and c.relkind in ('r', 't')
cross join lateral (select
  s.n_dead_tup > 1000 + 0.2 * greatest(c.reltuples, 0) or age(c.relfrozenxid) > current_setting('autovacuum_freeze_max_age')::int as vacuum,
  c.relkind = 'r' and s.n_mod_since_analyze > 1000 + 0.1 * greatest(c.reltuples, 0) as analyze,
  case when exists (select from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_am m on m.oid = x.relam and m.amname in ('hnsw', 'ivfflat')
    where i.indrelid = c.oid) then 'off' else 'auto' end as cleanup) need
where need.vacuum or need.analyze
order by s.n_dead_tup desc`

/**
 * What the background processes of a server do, since PGlite has none of them: without checkpoints the log grows until the
 * next start, and without vacuum the room of deleted rows is never used again. Callers wait while a table is vacuumed.
 */
export function startEmbeddedUpkeep({ queue, logger, lookMs = LOOK_MS }: EmbeddedUpkeepDependencies): Disposable {
  const controller = new AbortController()
  const { signal } = controller
  /** What failed when it was last tried: the first failure in a row is logged. */
  const failing = new Set<string>()

  async function attempt(what: string, work: (session: SqlSession) => Promise<unknown>): Promise<void> {
    const began = performance.now()
    try {
      await queue.alone(work, { signal })
      failing.delete(what)
      logger.debug({ what, ms: Math.round(performance.now() - began) }, 'upkeep of the embedded database')
    } catch (error) {
      if (signal.aborted || failing.has(what)) return
      failing.add(what)
      logger.warn({ what, err: error }, 'upkeep of the embedded database failed, it is tried again')
    }
  }

  async function vacuum(): Promise<void> {
    let tables: TextRow[] = []
    await attempt('tables due', async (session) => {
      tables = await session.query(tablesDue)
    })
    // One after the other, so that a caller waits for one of them at most.
    for (const { statement } of tables) {
      if (statement) await attempt(statement, (session) => session.execute(statement))
    }
  }

  async function run(): Promise<void> {
    for (let look = 1; ; look++) {
      await pause(lookMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      let isBusy = false
      await attempt('checkpoint', async (session) => {
        isBusy = (await session.query(checkpointDue, [String(CHECKPOINT_BYTES)])).length > 0
        if (isBusy) await session.execute('checkpoint')
      })
      // Many small rounds: what 600 MB of dead rows leave to do would keep callers waiting for seven seconds.
      if (isBusy || look % LOOKS_A_VACUUM === 0) await vacuum()
    }
  }

  void run()
  return { [Symbol.dispose]: () => controller.abort() }
}
