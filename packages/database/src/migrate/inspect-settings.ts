import { CoreError } from '@core/foundation'
import { quoteIdentifier } from '../rpc-statement.ts'
import type { SqlSession } from '../sql-session.ts'

/** The functions of core_api lock and then read, and their bodies have strings with backslashes. */
const required = {
  default_transaction_isolation: 'read committed',
  standard_conforming_strings: 'on',
  session_replication_role: 'origin',
} as const

const oldestVersion = 150_000

/** A setting of this database's connections with which Core would give wrong answers. */
export interface WrongSetting {
  readonly name: string
  readonly value: string
  /** Sets it for Core's user in this database alone; open connections keep the old value. */
  readonly sql: string
}

export async function listWrongSettings(session: SqlSession): Promise<WrongSetting[]> {
  const rows = await session.query(
    `select name, pg_catalog.current_setting(name) as value, current_user as owner, pg_catalog.current_database() as database
     from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as name`,
    [JSON.stringify(Object.keys(required))],
  )
  return Object.entries(required).flatMap(([name, right]) => {
    const row = rows.find((one) => one['name'] === name)
    if (row === undefined || row['value'] === right) return []
    const place = `role ${quoteIdentifier(row['owner'] ?? '')} in database ${quoteIdentifier(row['database'] ?? '')}`
    return [{ name, value: row['value'] ?? '', sql: `alter ${place} set ${name} = '${right}';` }]
  })
}

/**
 * Throws E_DATABASE_UNAVAILABLE where Core cannot work in this database: not retryable for its version, its encoding and
 * its settings, retryable while it is read-only.
 */
export async function requireSuitable(session: SqlSession): Promise<void> {
  const [facts] = await session.query(
    `select pg_catalog.current_setting('server_version_num') as number, pg_catalog.current_setting('server_version') as version,
       pg_catalog.current_setting('server_encoding') as encoding, pg_catalog.current_setting('transaction_read_only') as read_only,
       pg_catalog.pg_is_in_recovery()::pg_catalog.text as is_standby, pg_catalog.current_database() as database`,
  )
  if (Number(facts?.['number']) < oldestVersion) {
    throw unsuitable(
      'server_version',
      `the server is Postgres ${facts?.['version']}`,
      'Core needs Postgres 15 or later.',
    )
  }
  if (facts?.['encoding'] !== 'UTF8') {
    throw unsuitable(
      'server_encoding',
      `the database has the encoding ${facts?.['encoding']}, which cannot hold every text`,
      `Create another database with: create database <name> encoding 'UTF8' template template0`,
    )
  }
  if (facts['read_only'] === 'on') throw readOnly(facts['is_standby'] === 'true', facts['database'] ?? '')
  const [wrong, ...more] = await listWrongSettings(session)
  if (wrong === undefined) return
  throw unsuitable(
    wrong.name,
    `connections to this database have ${[wrong, ...more].map(({ name, value }) => `${name} = ${value}`).join(', ')}`,
    `Execute: ${[wrong, ...more].map(({ sql }) => sql).join(' ')} Then start again.`,
  )
}

function unsuitable(setting: string, message: string, fix: string): CoreError {
  const details = { reason: 'database_unsuitable', setting }
  return new CoreError('E_DATABASE_UNAVAILABLE', message, { retryable: false, fix, details })
}

function readOnly(isStandby: boolean, database: string): CoreError {
  const fix = isStandby
    ? 'It is a standby: let CORE_DATABASE_URL name the primary.'
    : `A host may set that when its disk is full: make room. Then: alter database ${quoteIdentifier(database)} set default_transaction_read_only = off;`
  return new CoreError('E_DATABASE_UNAVAILABLE', 'the database is read-only', { fix, details: { reason: 'read_only' } })
}
