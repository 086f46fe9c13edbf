import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { quoteIdentifier } from '../rpc-statement.ts'
import { type SqlSession, withSession } from '../sql-session.ts'
import { listMissingRoles } from './inspect-rights.ts'
import { listWrongSettings } from './inspect-settings.ts'
import { STATUS_TIMEOUT_MS } from './migrate-status.ts'

export interface MigrationPlan {
  /** The role that runs the migrations. */
  readonly owner: string
  /** What a DBA executes first, a statement each. Empty: this owner may do everything itself. */
  readonly required: readonly string[]
  /** What only PostgREST or the projects' own roles need; Core works without. */
  readonly optional: readonly string[]
}

/** What of the set-up goes beyond the rights of this connection, as SQL for a DBA. Changes nothing. */
export async function migratePlan(database: Database, options: CallOptions = {}): Promise<MigrationPlan> {
  using deadline = startDeadline('migrate plan', options, STATUS_TIMEOUT_MS)
  return withSession(database, plan, deadline)
}

async function plan(session: SqlSession): Promise<MigrationPlan> {
  const [facts = {}] = await session.query(`
    select current_user as owner, current_database() as database, rolsuper, rolcreaterole,
      has_database_privilege(current_database(), 'create') as may_create,
      to_regnamespace('core') is not null as is_installed,
      exists (select from pg_catalog.pg_roles where rolname = 'authenticator') as has_authenticator
    from pg_catalog.pg_roles where rolname = current_user`)
  const is = (name: string) => facts[name] === 't' || facts[name] === 'true'
  const owner = String(facts['owner'])
  const mayMakeRoles = is('rolsuper') || is('rolcreaterole')
  const missing = await listMissingRoles(session)
  const required = [
    ...(await listWrongSettings(session)).map(({ sql }) => sql),
    ...(is('may_create') || is('is_installed')
      ? []
      : [`grant create on database ${quoteIdentifier(String(facts['database']))} to ${quoteIdentifier(owner)};`]),
    ...(mayMakeRoles ? [] : missing.map((role) => `create role ${quoteIdentifier(role)} nologin;`)),
  ]
  const optional = [
    ...(is('has_authenticator') && !is('rolsuper')
      ? await planPostgrest(session, String(facts['database']), !missing.includes('core_member'))
      : []),
    ...(is('is_installed') && !mayMakeRoles ? await planProjects(session, owner) : []),
  ]
  return { owner, required, optional }
}

/** PostgREST logs in as authenticator: it needs the role of a project's claims, and core_api among its schemas. */
async function planPostgrest(session: SqlSession, database: string, hasRoles: boolean): Promise<string[]> {
  const [row] = await session.query(`
    select split_part(c.setting, '=', 2) as schemas
    from pg_catalog.pg_db_role_setting s cross join lateral unnest(s.setconfig) as c (setting)
    where s.setrole = 'authenticator'::regrole and c.setting like 'pgrst.db_schemas=%'
      and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    order by s.setdatabase desc limit 1`)
  const schemas = row?.['schemas'] || 'public'
  const [member] = hasRoles
    ? await session.query(`select pg_has_role('authenticator', 'core_member', 'member') as is`)
    : []
  const isMember = member?.['is'] === 't' || member?.['is'] === 'true'
  return [
    ...(isMember ? [] : ['grant core_member to authenticator;']),
    ...(schemas.split(/\s*,\s*/).includes('core_api')
      ? []
      : [
          `alter role authenticator in database ${quoteIdentifier(database)} set pgrst.db_schemas = '${schemas.replaceAll("'", "''")}, core_api';`,
          `notify pgrst, 'reload config';`,
        ]),
  ]
}

/** A project's schema belongs to a role of its own, where this connection may create one. */
async function planProjects(session: SqlSession, owner: string): Promise<string[]> {
  const rows = await session.query(`
    select p.name, exists (select from pg_catalog.pg_roles where rolname = 'project_' || p.name) as has_role
    from core.project p join pg_catalog.pg_namespace n on n.nspname = p.name
    where pg_catalog.pg_get_userbyid(n.nspowner) <> 'project_' || p.name order by p.name limit 1000`)
  return rows.flatMap(({ name, has_role }) => {
    const role = quoteIdentifier(`project_${name}`)
    return [
      ...(has_role === 't' || has_role === 'true' ? [] : [`create role ${role} nologin;`]),
      `grant ${role} to ${quoteIdentifier(owner)};`,
      `alter schema ${quoteIdentifier(String(name))} owner to ${role};`,
    ]
  })
}
