import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compareCatalogs, describeCatalog } from '../src/generate/describe-catalog.ts'
import { readFrozenMigrations } from '../src/generate/frozen-migrations.ts'
import type { GeneratedFile } from '../src/generate/generate-database-types.ts'
import { generateMigrations, listSchemaFolders } from '../src/generate/generate-migrations.ts'
import type { Database } from '../src/index.ts'
import { migrateUp } from '../src/migrate/index.ts'
import { withSession } from '../src/sql-session.ts'
import { createTestDatabase } from '../src/testing/index.ts'

const supabase = fileURLToPath(new URL('../../../supabase/', import.meta.url))
const schemas = `${supabase}schemas`

test('supabase/migrations is what the schemas make, file by file until a release freezes them, then in its catalog', async () => {
  const made = await generateMigrations(schemas)
  const { release } = await readFrozenMigrations(`${supabase}frozen.json`)
  if (release !== null) return expect(await findDrift(made)).toEqual([])
  expect(await readdir(`${supabase}migrations`)).toEqual(made.map(({ name }) => name))
  for (const { name, text } of made) {
    expect(await readFile(`${supabase}migrations/${name}`, 'utf8'), name).toBe(text)
  }
})

/** What differs between a database that the schemas make and one that the migrations make. */
async function findDrift(made: readonly GeneratedFile[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'core-schemas-'))
  try {
    for (const { name, text } of made) await writeFile(join(folder, name), text)
    await using bySchemas = await createTestDatabase({ empty: true })
    await migrateUp({ database: bySchemas.database, folder })
    await using byMigrations = await createTestDatabase()
    return compareCatalogs(await describe(bySchemas.database), await describe(byMigrations.database))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const describe = (database: Database) => withSession(database, describeCatalog, { signal: AbortSignal.timeout(60_000) })

test('what a migration forgot, and what the schemas forgot, is found in the catalog', async () => {
  const test = await createTestDatabase()
  try {
    const before = await describe(test.database)
    expect(Object.keys(before).length).toBeGreaterThan(1_000)
    expect(compareCatalogs(before, before)).toEqual([])
    await test.sql(`
      alter table core.project add column colour text default 'blue';
      alter table core.project alter column metadata drop default;
      revoke execute on function core_api.system_info() from core_member, service_role;
    `)
    expect(compareCatalogs(before, await describe(test.database))).toEqual([
      'column core.project.colour is made by a migration, and is not in supabase/schemas',
      'column core.project.metadata is not the same in supabase/schemas and after the migrations',
      'function core_api.system_info() is not the same in supabase/schemas and after the migrations',
    ])
  } finally {
    await test.drop()
  }
})

/** Each with what it changes: a kind of difference that a hand-written migration may make, or forget. */
const differences = {
  'alter function core_api.system_info() owner to core_member': 'function core_api.system_info()',
  'create aggregate core.total (int) (sfunc = int4pl, stype = int)': 'function core.total(integer)',
  'alter table core.share_kind owner to core_member': 'relation core.share_kind',
  'alter table core.project force row level security': 'relation core.project',
  'alter table core.flag_counter replica identity full': 'relation core.flag_counter',
  'alter sequence core.journal_id cache 7': 'relation core.journal_id',
  "comment on index core.ledger_tx_xid_idx is 'by transaction'": 'relation core.ledger_tx_xid_idx',
  'alter table core.xid_source alter column relation type text collate "POSIX"': 'column core.xid_source.relation',
  "comment on column core.ledger_account.kind is 'another one'": 'column core.ledger_account.kind',
  'grant select (parent_id) on core.ledger_account to core_member': 'column core.ledger_account.parent_id',
  'alter table core.ledger_account alter column path set statistics 7': 'column core.ledger_account.path',
  'alter type core.ledger_short add attribute extra int': 'column core.ledger_short.extra',
  "comment on constraint ledger_tx_key_key on core.ledger_tx is 'once'": 'constraint core.ledger_tx.ledger_tx_key_key',
  'alter table core.ledger_tx disable trigger ledger_tx_append_only': 'trigger core.ledger_tx.ledger_tx_append_only',
  'alter domain core.amount set default 0': 'type core.amount',
  'revoke usage on type core.ledger_hold_key from public': 'type core.ledger_hold_key',
  "create type core.mood as enum ('good')": 'type core.mood',
  'create policy hidden on core.project using (false)': 'policy core.project.hidden',
  'create rule kept as on delete to core.project do instead nothing': 'rule core.project.kept',
  'create statistics core.pairs on id, code from core.ledger_account': 'statistics object core.pairs',
  'create operator core.=== (leftarg = int, rightarg = int, function = int4eq)': 'operator core.===(integer,integer)',
  'grant usage on schema core to core_member': 'schema core',
  'alter default privileges in schema core grant select on tables to core_member': 'default acl core r',
  "insert into core.root_name (name, noun) values ('mine', 'account')": 'root_name mine',
} as const

test('every kind of object is compared whole: what it is, whose it is, and who may use it', async () => {
  const test = await createTestDatabase()
  try {
    const before = await describe(test.database)
    for (const statement of Object.keys(differences)) await test.sql(statement)
    const found = compareCatalogs(before, await describe(test.database))
    const names = found.map((line) => line.replace(/ is (?:made by|not the same in|in) .*/, ''))
    expect(Object.values(differences).filter((name) => !names.includes(name))).toEqual([])
  } finally {
    await test.drop()
  }
})

test('the Supabase CLI reads the schemas in the order in which they are applied', async () => {
  const config = await readFile(`${supabase}config.toml`, 'utf8')
  const listed = [...config.matchAll(/^ {2}"\.\/schemas\/(.+)\/\*\.sql",$/gm)].map(([, folder]) => folder)
  expect(listed).toEqual(await listSchemaFolders(schemas))
})
