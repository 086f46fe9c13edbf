import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { repairRights } from '../migrate/migrate-repair.ts'
import { inTransaction, migrateUp } from '../migrate/migrate-up.ts'
import { liftTimeouts, type SqlSession, withSession } from '../sql-session.ts'
import { copyAll } from './copy-all.ts'
import { hasFormerSeal, readSeal, requireBooks, requireSeal } from './require-books.ts'
import { requireEmpty, requireSource } from './require-source.ts'

export interface CopyOptions extends CallOptions {
  /** Read in one snapshot. What is written to it later is not copied: stop its control planes first. */
  readonly from: Database
  /** Migrated, and then filled; it must not have a project, a key or a posting yet. */
  readonly to: Database
  readonly onProgress?: (table: string, rows: number) => void
}

export interface CopyResult {
  readonly tables: number
  readonly rows: number
  /** The end of the seal, the same on both sides unless it was sealed again; null where nothing was sealed. */
  readonly sealHead: string | null
  /** Whether the seal was one of a pre-release over other columns: it was verified there, and every row sealed again. */
  readonly sealedAgain: boolean
  /** What is not copied: columns that this version does without, and vectors where the target has no extension for them. */
  readonly left: readonly string[]
  /** SQL that a DBA has to execute, because this owner may not: the roles of projects. */
  readonly dbaSql: readonly string[]
}

const copyTimeoutMs = 6 * 60 * 60_000
const askTimeoutMs = 60_000

/**
 * Copies everything that Core keeps into another database, of whatever kind and version of Core: embedded, a server,
 * Supabase. All or nothing, in one transaction of the target. Ends with the audit of the ledger and the seal, which has to
 * have the same end on both sides. Rows that a pre-release sealed without columns of today are sealed again.
 * @throws CoreError E_CONFLICT where the target is in use, the source holds what this version does not know, or the books do
 * not fit; E_DATABASE_SCHEMA where a newer version migrated the source.
 */
export async function copyDatabase({ from, to, onProgress, ...options }: CopyOptions): Promise<CopyResult> {
  using deadline = startDeadline('database copy', options, copyTimeoutMs)
  const within = { signal: deadline.signal }
  // Before the target is migrated: a database that is refused stays as it is.
  await requireCopySource(from, within)
  await withSession(to, requireEmpty, within)
  const former = await withSession(from, hasFormerSeal, within)
  if (former) await requireSeal(from, within)
  await migrateUp({ database: to, ...within, timeoutMs: deadline.remainingMs() })
  const copied = await withSession(
    from,
    (source) =>
      inSnapshot(source, () =>
        withSession(
          to,
          (target) =>
            inTransaction(target, async () => {
              const facts = await copyAll(source, target, { skipsSeal: former, onProgress })
              const sealHead = await readSeal(source)
              await requireBooks(target, former ? null : sealHead)
              await target.query('select core_api.restore_finish()')
              const { left: dbaSql } = await repairRights(target)
              return { ...facts, sealHead, dbaSql }
            }),
          within,
        ),
      ),
    within,
  )
  const sealHead = former && copied.sealHead !== null ? await sealAll(to, within) : copied.sealHead
  return { ...copied, sealHead, sealedAgain: former }
}

/** Asks before the target is opened, which may make it. @throws CoreError as `copyDatabase`, of what concerns the source alone. */
export async function requireCopySource(from: Database, options: CallOptions = {}): Promise<void> {
  using deadline = startDeadline('database copy', options, askTimeoutMs)
  await withSession(from, requireSource, deadline)
}

async function inSnapshot<Value>(session: SqlSession, work: () => Promise<Value>): Promise<Value> {
  await session.execute('begin isolation level repeatable read read only')
  try {
    await liftTimeouts(session)
    return await work()
  } finally {
    // Nothing was written here; and where the target has committed, a connection lost since then changes nothing.
    await session.execute('rollback').catch(() => undefined)
  }
}

/** Seals what is final in blocks of 10,000 rows, and answers the end. */
async function sealAll(to: Database, within: { signal: AbortSignal }): Promise<string | null> {
  for (;;) {
    const { sealed } = Object(await to.call('ledger_seal', {}, within))
    if (sealed === 0) break
  }
  return await withSession(to, readSeal, within)
}
