import { quoteIdentifier } from '../rpc-statement.ts'
import type { SqlSession } from '../sql-session.ts'
import type { MigrationFile } from './migration-files.ts'

/** The Supabase CLI's own table and format, so that either tool continues where the other stopped. */
const schema = 'supabase_migrations'
export const historyTable = `${schema}.schema_migrations`

export interface AppliedMigration {
  version: string
  name: string | undefined
  /** Undefined where the row does not hold the statements (made by `migration repair` of an old CLI). */
  statements: readonly string[] | undefined
  /** Whether it makes something of Core's schemas: a migration of Core's, known to this version or not. */
  isCores: boolean
}

const makesCore = /\bcreate\s+(or\s+replace\s+)?(table|function|type|domain|view|schema)\s+"?core(_api)?"?\b/i

const createHistory = [
  `create schema if not exists ${quoteIdentifier(schema)}`,
  `create table if not exists ${historyTable} (version text not null primary key)`,
  `alter table ${historyTable} add column if not exists statements text[]`,
  `alter table ${historyTable} add column if not exists name text`,
]

/** Only one migrating process at a time; released with the transaction, so it holds through a pooler too. */
export const lockHistory = `select pg_advisory_xact_lock(6074318240111815)`

export async function ensureHistory(session: SqlSession): Promise<void> {
  for (const statement of createHistory) await session.execute(statement)
}

/**
 * What the database says was applied; nothing when it has no history yet. With a version that one alone: the statements
 * of all of them are a megabyte.
 */
export async function readHistory(session: SqlSession, only?: string): Promise<Map<string, AppliedMigration>> {
  const [exists] = await session.query(`select to_regclass('${historyTable}')::text as found`)
  if (!exists?.['found']) return new Map()
  const rows = await session.query(
    `select version, name, to_jsonb(statements)::text as statements from ${historyTable}
     where version = coalesce($1, version) order by version`,
    [only ?? null],
  )
  return new Map(
    rows.map(({ version, name, statements }) => [
      version ?? '',
      {
        version: version ?? '',
        name: name ?? undefined,
        statements: statements ? JSON.parse(statements) : undefined,
        isCores: makesCore.test(statements ?? ''),
      },
    ]),
  )
}

export async function recordMigration(
  session: SqlSession,
  { version, name, statements }: MigrationFile,
): Promise<void> {
  await session.query(
    `insert into ${historyTable} (version, name, statements)
     values ($1, $2, array(select jsonb_array_elements_text($3::jsonb)))`,
    [version, name, JSON.stringify(statements)],
  )
}
