import { type CallOptions, CoreError, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { migrateRepair } from '../migrate/migrate-repair.ts'
import { inTransaction, migrateUp } from '../migrate/migrate-up.ts'
import { finishRestore } from '../migrate/restore-status.ts'
import { type SqlSession, withSession } from '../sql-session.ts'
import { copyRows } from './copy-rows.ts'
import { formerColumns, formerSequences } from './former-columns.ts'
import { readForeignKeys, readSequences, readTables, type TableLayout } from './read-layout.ts'

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
  /** Tables and columns of the source that this version of Core does not have. */
  readonly left: readonly string[]
  /** SQL that a DBA has to execute, because this owner may not: the roles of projects. */
  readonly dbaSql: readonly string[]
}

const copyTimeoutMs = 6 * 60 * 60_000
/** Filled by the migrations themselves. */
const definitions: readonly string[] = ['scope', 'share_kind', 'xid_source']

/**
 * Copies everything that Core keeps into another database, of whatever kind and version of Core: embedded, a server,
 * Supabase. All or nothing, in one transaction of the target. Ends with the audit of the ledger and the seal, which has to
 * have the same end on both sides. Rows that a pre-release sealed without columns of today are sealed again.
 * @throws CoreError E_CONFLICT where the target is in use or the books do not fit.
 */
export async function copyDatabase({ from, to, onProgress, ...options }: CopyOptions): Promise<CopyResult> {
  using deadline = startDeadline('database copy', options, copyTimeoutMs)
  const within = { signal: deadline.signal }
  // Before the target is migrated: a database that is refused stays as it is.
  await withSession(from, requireData, within)
  await withSession(to, requireEmpty, within)
  const former = await withSession(from, isFormer, within)
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
              const facts = await copyAll(source, target, former, onProgress)
              return { ...facts, sealHead: await readSeal(source) }
            }),
          within,
        ),
      ),
    within,
  )
  await finishRestore({ database: to, ...within })
  const { left: dbaSql } = await migrateRepair(to, within)
  const sealHead = former && copied.sealHead !== null ? await sealAll(to, within) : copied.sealHead
  await requireBooks(to, sealHead, within)
  return { ...copied, sealHead, sealedAgain: former, dbaSql }
}

async function copyAll(source: SqlSession, target: SqlSession, former: boolean, onProgress: CopyOptions['onProgress']) {
  await requireEmpty(target)
  const [sourceTables, targetTables] = [await readTables(source), await readTables(target)]
  const left: string[] = []
  let rows = 0
  let tables = 0

  async function copy(from: TableLayout, to: TableLayout): Promise<void> {
    left.push(...from.columns.filter((name) => !to.columns.includes(name)).map((name) => `${from.name}.${name}`))
    const copied = await copyRows(source, target, from, to, former ? formerColumns : {})
    tables++
    rows += copied
    onProgress?.(to.name, copied)
  }

  const foreignKeys = await readForeignKeys(target)
  for (const { table, name } of foreignKeys) await target.execute(`alter table ${table} drop constraint ${name}`)
  const common = [...targetTables.values()].filter(
    ({ name }) => !definitions.includes(name) && !(former && name === 'ledger_seal'),
  )
  for (const to of common) {
    const from = sourceTables.get(to.name)
    if (from === undefined) continue
    // Heads and counters have their one row from the start.
    const [has] = await target.query(`select exists (select from core."${to.name}")::text as rows`)
    if (has?.['rows'] === 'true') await target.execute(`delete from core."${to.name}"`)
    await copy(from, to)
  }
  for (const { table, name, definition } of foreignKeys) {
    await target.execute(`alter table ${table} add constraint ${name} ${definition}`)
  }
  const vectors = await makeVectorTables(target)
  for (const from of sourceTables.values()) {
    if (targetTables.has(from.name)) continue
    const to = vectors.get(from.name)
    if (to === undefined) left.push(from.name)
    else await copy(from, to)
  }
  await copySequences(source, target)
  return { tables, rows, left: left.sort() }
}

/** Each generation of vectors has a table, where the extension is. */
async function makeVectorTables(target: SqlSession): Promise<ReadonlyMap<string, TableLayout>> {
  await target.query('select core.embedding_make_vectors(id) from core.embedding_generation order by id')
  return await readTables(target)
}

async function copySequences(source: SqlSession, target: SqlSession): Promise<void> {
  const known = new Set(await readSequences(source))
  for (const name of await readSequences(target)) {
    const there = known.has(name) ? name : formerSequences[name]
    if (there === undefined || !known.has(there)) continue
    const [row] = await source.query(`select last_value::text as value, is_called::text as called from core."${there}"`)
    await target.query(`select setval($1::regclass, $2::bigint, $3::boolean)`, [
      `core."${name}"`,
      row?.['value'] ?? '1',
      row?.['called'] ?? 'false',
    ])
  }
}

async function inSnapshot<Value>(session: SqlSession, work: () => Promise<Value>): Promise<Value> {
  await session.execute('begin isolation level repeatable read read only')
  try {
    return await work()
  } finally {
    await session.execute('rollback')
  }
}

async function requireData(source: SqlSession): Promise<void> {
  if ((await readTables(source)).size > 0) return
  throw new CoreError('E_NOT_FOUND', 'the source holds no data of Core', {
    fix: 'Name the database that a control plane has used.',
  })
}

/** The migrations make the accounts that credits come from and go to; everything else was made by use. */
async function requireEmpty(target: SqlSession): Promise<void> {
  if ((await readTables(target)).size === 0) return
  const [row] = await target.query(
    `select (exists (select from core.project) or exists (select from core.api_key) or exists (select from core.ledger_tx))::text
       as used`,
  )
  if (row?.['used'] === 'false') return
  throw new CoreError('E_CONFLICT', 'the target holds projects, keys or postings already: nothing was copied', {
    fix: 'Name an empty database, or a new folder.',
    details: { reason: 'target_in_use' },
  })
}

/** Whether the journal lacks columns that the seal of today covers. */
async function isFormer(source: SqlSession): Promise<boolean> {
  const columns = (await readTables(source)).get('ledger_tx')?.columns ?? []
  return !['above', 'uncollected', 'captured_from'].every((name) => columns.includes(name))
}

async function requireSeal(from: Database, within: CallOptions): Promise<void> {
  const verified = await from.call('ledger_verify', {}, within)
  if (Object(verified).valid === true) return
  throw new CoreError('E_CONFLICT', 'the seal of the source does not fit its journal: nothing was copied', {
    fix: 'Compare it with a backup: `core credits verify` of its version names the first bad block.',
    details: { reason: 'books', isSealed: false },
  })
}

/** Seals what is final in blocks of 10,000 rows, and answers the end. */
async function sealAll(to: Database, within: CallOptions): Promise<string | null> {
  for (;;) {
    const { sealed } = Object(await to.call('ledger_seal', {}, within))
    if (sealed === 0) break
  }
  return await withSession(to, readSeal, { signal: within.signal ?? new AbortController().signal })
}

async function readSeal(session: SqlSession): Promise<string | null> {
  const [row] = await session.query("select encode(hash, 'hex') as head from core.ledger_seal order by id desc limit 1")
  return row?.['head'] ?? null
}

async function requireBooks(to: Database, sealHead: string | null, within: CallOptions): Promise<void> {
  const audit = await to.call('ledger_audit', {}, within)
  const verified = await to.call('ledger_verify', {}, within)
  const isClean = Object(audit).clean === true
  const isSealed = Object(verified).valid === true
  const head = await withSession(to, readSeal, { signal: within.signal ?? new AbortController().signal })
  if (isClean && isSealed && head === sealHead) return
  throw new CoreError('E_CONFLICT', 'the copy is there, and its books do not fit: do not use it', {
    fix: 'Compare `core credits audit` and `core credits verify` of both, and copy again into an empty database.',
    details: { reason: 'books', isClean, isSealed, head, expected: sealHead },
  })
}
