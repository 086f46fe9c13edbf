import type { SqlSession } from '../sql-session.ts'

/** Each object of the schemas core and core_api, by its name: how it is defined, who owns it, and who may use it. */
export type CatalogDescription = Readonly<Record<string, string>>

const ours = `n.nspname in ('core', 'core_api')`

const objects = [
  `select 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')
     || coalesce(obj_description(p.oid, 'pg_proc'), '')
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours} and p.prokind <> 'a'`,
  `select 'column ' || n.nspname || '.' || c.relname || '.' || a.attname,
     concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where ${ours} and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped`,
  `select 'relation ' || n.nspname || '.' || c.relname,
     concat_ws(' ', c.relkind, c.relpersistence, c.relacl::text, c.reloptions::text, c.relrowsecurity, obj_description(c.oid, 'pg_class'),
       case c.relkind when 'i' then pg_get_indexdef(c.oid) when 'v' then pg_get_viewdef(c.oid) end)
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and c.relkind <> 't'`,
  `select 'constraint ' || n.nspname || '.' || coalesce(c.relname, t.typname) || '.' || k.conname, pg_get_constraintdef(k.oid)
   from pg_constraint k join pg_namespace n on n.oid = k.connamespace
   left join pg_class c on c.oid = k.conrelid left join pg_type t on t.oid = k.contypid where ${ours}`,
  `select 'trigger ' || n.nspname || '.' || c.relname || '.' || g.tgname, pg_get_triggerdef(g.oid)
   from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where ${ours} and not g.tgisinternal`,
  `select 'type ' || n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull)
   from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${ours} and t.typtype in ('d', 'e', 'r')`,
  `select 'scope ' || name, (to_jsonb(s) - 'ctid')::text from core.scope s`,
]

/** The whole catalog of a migrated database, to compare two of them. */
export async function describeCatalog(session: SqlSession): Promise<CatalogDescription> {
  const rows = []
  for (const select of objects) rows.push(...(await session.query(`select * from (${select}) o (name, definition)`)))
  return Object.fromEntries(rows.map(({ name, definition }) => [name ?? '', definition ?? '']))
}

/** How the second differs from the first, as sentences; empty when it does not. */
export function compareCatalogs(schemas: CatalogDescription, migrations: CatalogDescription): string[] {
  const names = [...new Set([...Object.keys(schemas), ...Object.keys(migrations)])].sort()
  return names.flatMap((name) => {
    if (schemas[name] === migrations[name]) return []
    if (migrations[name] === undefined) return [`${name} is in supabase/schemas, and no migration makes it`]
    if (schemas[name] === undefined) return [`${name} is made by a migration, and is not in supabase/schemas`]
    return [`${name} is not the same in supabase/schemas and after the migrations`]
  })
}
