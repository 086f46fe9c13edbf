import type { SqlSession } from '../sql-session.ts'

/** Each object of the schemas core and core_api, by its name: how it is defined, who owns it, and who may use it. */
export type CatalogDescription = Readonly<Record<string, string>>

const ours = `n.nspname in ('core', 'core_api')`

/** The comment of an object. */
const comment = (oid: string, catalog: string) => `obj_description(${oid}, '${catalog}')`
const owner = (oid: string) => `pg_get_userbyid(${oid})`

const objects = [
  `select 'schema ' || n.nspname, concat_ws(' ', ${owner('n.nspowner')}, n.nspacl::text, ${comment('n.oid', 'pg_namespace')})
   from pg_namespace n where ${ours}`,
  `select concat_ws(' ', 'default acl', n.nspname, d.defaclobjtype), concat_ws(' ', ${owner('d.defaclrole')}, d.defaclacl::text)
   from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace where ${ours}`,
  `select 'function ' || p.oid::regprocedure, concat_ws(' ', case p.prokind
       when 'a' then (select to_jsonb(g) - 'aggfnoid' from pg_aggregate g where g.aggfnoid = p.oid)::text
       else pg_get_functiondef(p.oid) end, ${owner('p.proowner')}, p.proacl::text, ${comment('p.oid', 'pg_proc')})
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours}`,
  `select 'column ' || n.nspname || '.' || c.relname || '.' || a.attname,
     concat_ws(' ', format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull, a.attidentity, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid), a.attstorage, a.attcompression, a.attstattarget, a.attoptions::text, a.attacl::text,
       col_description(c.oid, a.attnum))
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum left join pg_collation l on l.oid = a.attcollation
   where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'c') and a.attnum > 0 and not a.attisdropped`,
  `select 'relation ' || n.nspname || '.' || c.relname,
     concat_ws(' ', c.relkind, c.relpersistence, ${owner('c.relowner')}, c.relacl::text, c.reloptions::text, c.relrowsecurity,
       c.relforcerowsecurity, c.relreplident, m.amname, ${comment('c.oid', 'pg_class')}, case
         when c.relkind in ('i', 'I') then (select concat_ws(' ', pg_get_indexdef(c.oid), i.indisvalid, i.indisreplident, i.indisclustered)
           from pg_index i where i.indexrelid = c.oid)
         when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid)
         when c.relkind = 'S' then (select concat_ws(' ', format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
           q.seqcache, q.seqcycle) from pg_sequence q where q.seqrelid = c.oid)
         when c.relkind in ('r', 'p') then concat_ws(' ', pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
           (select string_agg(h.inhparent::regclass::text, ' ' order by h.inhseqno) from pg_inherits h where h.inhrelid = c.oid)) end)
   from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am m on m.oid = c.relam
   where ${ours} and c.relkind <> 't'`,
  `select 'constraint ' || n.nspname || '.' || coalesce(c.relname, t.typname) || '.' || k.conname,
     concat_ws(' ', pg_get_constraintdef(k.oid), ${comment('k.oid', 'pg_constraint')})
   from pg_constraint k join pg_namespace n on n.oid = k.connamespace
   left join pg_class c on c.oid = k.conrelid left join pg_type t on t.oid = k.contypid where ${ours}`,
  `select 'trigger ' || n.nspname || '.' || c.relname || '.' || g.tgname,
     concat_ws(' ', pg_get_triggerdef(g.oid), g.tgenabled, ${comment('g.oid', 'pg_trigger')})
   from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where ${ours} and not g.tgisinternal`,
  `select 'policy ' || n.nspname || '.' || c.relname || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
     p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
   from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select 'rule ' || n.nspname || '.' || c.relname || '.' || r.rulename, concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled)
   from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select 'type ' || n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
     t.typdefault, ${owner('t.typowner')}, t.typacl::text, ${comment('t.oid', 'pg_type')},
     (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
     (select concat_ws(' ', r.rngsubtype::regtype, r.rngsubopc, r.rngcollation) from pg_range r where r.rngtypid = t.oid))
   from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where ${ours} and t.typcategory <> 'A' and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')`,
  // Whatever else is in a schema, at least by its name.
  `select i.type || ' ' || i.identity, coalesce(obj_description(d.objid, d.classid::regclass::name), '')
   from pg_depend d join pg_namespace n on d.refclassid = 'pg_namespace'::regclass and n.oid = d.refobjid
   cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) i
   where ${ours} and d.classid <> all ('{pg_proc,pg_class,pg_type,pg_constraint,pg_default_acl}'::regclass[])`,
  // What the migrations insert as definitions.
  `select 'scope ' || name, to_jsonb(s)::text from core.scope s`,
  `select 'share_kind ' || name, to_jsonb(s)::text from core.share_kind s`,
  `select 'xid_source ' || relation || ' ' || attribute, to_jsonb(s)::text from core.xid_source s`,
  `select 'root_name ' || name, to_jsonb(s)::text from core.root_name s`,
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
