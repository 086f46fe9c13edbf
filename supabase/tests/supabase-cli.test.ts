import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrateStatus, migrateUp, migrationsFolder } from '../../packages/database/src/migrate/index.ts'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'
import { readDatabaseCatalog } from './read-database-catalog.ts'
import { createSupabaseProject, type SupabaseProject } from './supabase-cli.ts'

const HALF = 7
const history = (database: TestDatabase) =>
  database.sql('select version, name, statements from supabase_migrations.schema_migrations order by version')

let versions: string[]

beforeAll(async () => {
  versions = (await readdir(migrationsFolder())).sort().map((name) => name.slice(0, 14))
})

describe('`core migrate` and the Supabase CLI', () => {
  // Each run of the CLI takes two seconds of CPU: what it has applied serves all that reads it.
  let project: SupabaseProject
  let theirs: TestDatabase
  let ours: TestDatabase
  beforeAll(async () => {
    project = await createSupabaseProject()
    theirs = await createTestDatabase({ empty: true })
    ours = await createTestDatabase({ empty: true })
    await project.run('migration', 'up', '--yes', '--remote', theirs.url)
    await migrateUp({ database: ours.database })
  })
  afterAll(async () => {
    for (const each of [project, theirs, ours]) await each?.[Symbol.asyncDispose]()
  })

  test('make the same database, down to grants and comments, and record the same history', async () => {
    const made = await readDatabaseCatalog(ours)
    expect(made).toEqual(await readDatabaseCatalog(theirs))
    expect(await history(ours)).toEqual(await history(theirs))
    // Were the query blind, two empty catalogs would be equal too.
    for (const kind of [
      'schemas',
      'relations',
      'columns',
      'constraints',
      'indexes',
      'triggers',
      'functions',
      'types',
    ]) {
      expect(made[kind]?.length, kind).toBeGreaterThan(0)
    }
  })

  test('agree on what is applied, in both directions', async () => {
    expect(await project.run('migration', 'list', '--remote', ours.url)).toMatchObject({
      migrations: versions.map((version) => ({ local: version, remote: version })),
    })
    expect((await migrateStatus({ database: theirs.database })).migrations).toEqual(
      versions.map((version) => expect.objectContaining({ version, state: 'applied' })),
    )
    expect((await migrateUp({ database: theirs.database })).applied).toEqual([])
    await project.run('migration', 'up', '--yes', '--remote', ours.url)
    expect(await history(ours)).toEqual(await history(theirs))
  })

  test('each continues where the other stopped', async () => {
    await using half = await createSupabaseProject(HALF)
    await using theirsFirst = await createTestDatabase({ empty: true })
    await using oursFirst = await createTestDatabase({ empty: true })

    await half.run('migration', 'up', '--yes', '--remote', theirsFirst.url)
    const rest = await migrateUp({ database: theirsFirst.database })
    expect(rest.applied).toHaveLength(versions.length - HALF)

    await migrateUp({ database: oursFirst.database, folder: half.migrations })
    await project.run('migration', 'up', '--yes', '--remote', oursFirst.url)

    expect(await readDatabaseCatalog(oursFirst)).toEqual(await readDatabaseCatalog(theirsFirst))
    expect(await history(oursFirst)).toEqual(await history(theirsFirst))
  })

  test('a file edited after the CLI applied it is refused with the way out', async () => {
    await using edited = await createSupabaseProject()
    const [name = ''] = (await readdir(edited.migrations)).sort()
    const file = join(edited.migrations, name)
    await writeFile(file, `${await readFile(file, 'utf8')}\ncreate table core.added (i int);\n`)
    await expect(migrateUp({ database: theirs.database, folder: edited.migrations })).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      fix: expect.stringContaining('core migrate reset'),
      details: { reason: 'migration_changed', versions: [versions[0]] },
    })
  })
})

test('the advisors of Supabase find no error and no warning but in what a careless hand adds', async () => {
  await using project = await createSupabaseProject()
  await using database = await createTestDatabase()
  // The linter looks at what PostgREST exposes; the first migration sets this where there is a PostgREST.
  await database.sql(`alter database ${database.name} set pgrst.db_schemas = 'public, graphql_public, core_api'`)
  await database.sql(
    `create function core_api.careless() returns int language sql as 'select 1'; create table public.open (i int); grant select on public.open to anon`,
  )
  expect(await project.run('db', 'advisors', '--remote', database.url, '--level', 'warn')).toMatchObject({
    results: [
      { level: 'WARN', name: 'function_search_path_mutable', metadata: { name: 'careless' } },
      { level: 'ERROR', name: 'rls_disabled_in_public', metadata: { name: 'open' } },
    ],
  })
})
