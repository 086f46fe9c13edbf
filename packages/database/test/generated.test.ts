import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compareCatalogs, describeCatalog } from '../src/generate/describe-catalog.ts'
import { readFrozenMigrations } from '../src/generate/frozen-migrations.ts'
import { type GeneratedFile, generateDatabaseTypes } from '../src/generate/generate-database-types.ts'
import { generateMigrations, listSchemaFolders } from '../src/generate/generate-migrations.ts'
import { type Database, openDatabase } from '../src/index.ts'
import { migrateUp } from '../src/migrate/index.ts'
import { withSession } from '../src/sql-session.ts'
import { createTestDatabase } from '../src/testing/index.ts'

const supabase = fileURLToPath(new URL('../../../supabase/', import.meta.url))
const schemas = `${supabase}schemas`

test('supabase/migrations is what the schemas make, file by file until a release freezes them, then in its catalog', {
  timeout: 120_000,
}, async () => {
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
    const catalogs = []
    for (const each of [folder, undefined]) {
      await using database = await openDatabase({ driver: 'embedded', dataDir: 'memory' })
      await migrateUp({ database, folder: each })
      catalogs.push(await describe(database))
    }
    const [bySchemas = {}, byMigrations = {}] = catalogs
    return compareCatalogs(bySchemas, byMigrations)
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

test('the Supabase CLI reads the schemas in the order in which they are applied', async () => {
  const config = await readFile(`${supabase}config.toml`, 'utf8')
  const listed = [...config.matchAll(/^ {2}"\.\/schemas\/(.+)\/\*\.sql",$/gm)].map(([, folder]) => folder)
  expect(listed).toEqual(await listSchemaFolders(schemas))
})

test('src/generated is what the migrations make (npm run generate)', async () => {
  for (const { name, text } of await generateDatabaseTypes()) {
    expect(await readFile(new URL(`../src/generated/${name}`, import.meta.url), 'utf8'), name).toBe(text)
  }
})
