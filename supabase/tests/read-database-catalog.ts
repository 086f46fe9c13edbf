/** Everything a migration can make, by kind, as sorted lines that two databases can be compared by. */
const kinds: Readonly<Record<string, string>> = {
  schemas: `select format('%s %s %s', nspname, nspacl, obj_description(n.oid, 'pg_namespace')) from own n`,
  relations: `select format('%s %s %s persistence=%s rls=%s options=%s acl=%s %s', c.oid::regclass, c.relkind, pg_get_userbyid(c.relowner),
      c.relpersistence, c.relrowsecurity, c.reloptions, c.relacl, obj_description(c.oid, 'pg_class'))
    from pg_class c join own n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S')`,
  columns: `select format('%s.%s %s %s notnull=%s identity=%s generated=%s default=%s acl=%s %s', a.attrelid::regclass, a.attnum, a.attname,
      format_type(a.atttypid, a.atttypmod) || coalesce(' collate ' || nullif(a.attcollation, 0)::regcollation, ''), a.attnotnull, a.attidentity, a.attgenerated,
      pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(a.attrelid, a.attnum))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join own n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')`,
  constraints: `select format('%s %s %s %s', coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), conname,
      pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
    from pg_constraint k join own n on n.oid = k.connamespace`,
  indexes: `select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid join own n on n.oid = c.relnamespace`,
  triggers: `select format('%s enabled=%s', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join own n on n.oid = c.relnamespace where not t.tgisinternal`,
  functions: `select format('%s owner=%s acl=%s comment=%s %s', p.oid::regprocedure, pg_get_userbyid(p.proowner), p.proacl,
      obj_description(p.oid, 'pg_proc'), pg_get_functiondef(p.oid))
    from pg_proc p join own n on n.oid = p.pronamespace where p.prokind <> 'a'`,
  types: `select format('%s %s base=%s acl=%s %s', t.oid::regtype, t.typtype, format_type(t.typbasetype, t.typtypmod), t.typacl,
      obj_description(t.oid, 'pg_type'))
    from pg_type t join own n on n.oid = t.typnamespace where t.typtype in ('d', 'e', 'r')`,
  policies: `select format('%s %s %s %s %s', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    from pg_policy`,
  defaultPrivileges: `select format('%s %s %s', defaclnamespace::regnamespace, defaclobjtype, defaclacl) from pg_default_acl`,
}

export interface CatalogSource {
  sql(text: string): Promise<Record<string, unknown>[]>
}

/** What the migrations made in a database: for each kind its lines, sorted. */
export async function readDatabaseCatalog(database: CatalogSource): Promise<Record<string, unknown[]>> {
  const catalog: Record<string, unknown[]> = {}
  for (const [kind, query] of Object.entries(kinds)) {
    const rows = await database.sql(`
      with own as (
        select * from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
      )
      select line from (${query}) lines(line) order by line collate "C"`)
    catalog[kind] = rows.map(({ line }) => line)
  }
  return catalog
}
