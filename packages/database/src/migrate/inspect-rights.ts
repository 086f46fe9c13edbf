import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { coreSignatures } from '../generated/signatures.ts'
import { type SqlSession, withSession } from '../sql-session.ts'
import { STATUS_TIMEOUT_MS } from './migrate-status.ts'

/** Every role that the migrations grant to or revoke from. */
export const coreRoles = ['anon', 'authenticated', 'service_role', 'core_member'] as const

export interface Rights {
  /** Roles of the cluster that are missing, for example after a restore into another cluster. */
  readonly missingRoles: readonly string[]
  /** Functions of core_api that service_role or core_member must execute and may not. */
  readonly missingGrants: readonly string[]
  /** Projects whose name belongs to a root account, or is not theirs for another reason: their keys reach nothing. */
  readonly clashes: readonly string[]
}

/** What a database misses of the rights that its migrations gave. Changes nothing. */
export async function inspectRights(database: Database, options: CallOptions = {}): Promise<Rights> {
  using deadline = startDeadline('inspect rights', options, STATUS_TIMEOUT_MS)
  return withSession(
    database,
    async (session) => {
      const missingRoles = await listMissingRoles(session)
      return {
        missingRoles,
        missingGrants: missingRoles.length > 0 ? [] : await listMissingGrants(session),
        clashes: await listClashes(session),
      }
    },
    deadline,
  )
}

export async function listMissingRoles(session: SqlSession): Promise<string[]> {
  const rows = await session.query(
    `select name from jsonb_array_elements_text($1::jsonb) as name
     where not exists (select from pg_catalog.pg_roles where rolname = name)`,
    [JSON.stringify(coreRoles)],
  )
  return rows.map(({ name }) => String(name))
}

async function listMissingGrants(session: SqlSession): Promise<string[]> {
  const members = coreSignatures.filter(({ isForMembers }) => isForMembers).map(({ name }) => name)
  const rows = await session.query(
    `select distinct p.proname as name from pg_catalog.pg_proc p
     where p.pronamespace = 'core_api'::regnamespace
       and (not has_function_privilege('service_role', p.oid, 'execute')
         or (p.proname in (select jsonb_array_elements_text($1::jsonb))
           and not (has_function_privilege('core_member', p.oid, 'execute')
             and has_schema_privilege('core_member', 'core_api', 'usage'))))
     order by 1`,
    [JSON.stringify(members)],
  )
  return rows.map(({ name }) => String(name))
}

async function listClashes(session: SqlSession): Promise<string[]> {
  const rows = await session.query(
    `select p.name from core.project p
     where not exists (select from core.root_name n where n.name = p.name and n.noun = 'project')
     union
     select a.code from core.ledger_account a join core.project p on p.name = a.code where a.kind <> 'project'
     order by 1`,
  )
  return rows.map(({ name }) => String(name))
}
