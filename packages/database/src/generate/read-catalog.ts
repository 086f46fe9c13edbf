import type { SqlSession } from '../sql-session.ts'

export interface CatalogArgument {
  name: string
  /** The type as declared, for example `core.amount` or `integer[]`. */
  type: string
  /** The type below a domain. */
  baseType: string
  required: boolean
  /** Its default is null, so null may be sent. */
  nullable: boolean
}

export interface CatalogFunction {
  name: string
  comment: string | null
  args: CatalogArgument[]
  returns: string
  /** Whether the role core_member may execute it. */
  isForMembers: boolean
}

const functionsSql = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', p.proname,
    'comment', pg_catalog.obj_description(p.oid, 'pg_proc'),
    'returns', pg_catalog.format_type(p.prorettype, null),
    'isForMembers', pg_catalog.has_function_privilege('core_member', p.oid, 'execute'),
    'args', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', p.proargnames[a.position],
        'type', pg_catalog.format_type(a.type, null),
        'baseType', pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null),
        'required', a.position <= p.pronargs - p.pronargdefaults,
        'nullable', coalesce(pg_catalog.pg_get_function_arg_default(p.oid, a.position::int) like 'NULL%', false)
      ) order by a.position), '[]')
      from unnest(p.proargtypes::oid[]) with ordinality as a(type, position)
      join pg_catalog.pg_type t on t.oid = a.type)
  ) order by p.proname collate "C"), '[]')::text as functions
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'core_api' and p.prokind = 'f'`

/** The functions of core_api in a migrated database, by name. */
export async function readCatalog(session: SqlSession): Promise<CatalogFunction[]> {
  const [row] = await session.query(functionsSql)
  const functions: CatalogFunction[] = JSON.parse(row?.['functions'] ?? '[]')
  return functions
}
