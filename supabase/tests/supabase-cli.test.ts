import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { migrateStatus, migrateUp, migrationsFolder } from '../../packages/database/src/migrate/index.ts'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'
import { readDatabaseCatalog } from './read-database-catalog.ts'
import { createSupabaseProject } from './supabase-cli.ts'

const HALF = 7
const history = (database: TestDatabase) =>
  database.sql('select version, name, statements from supabase_migrations.schema_migrations order by version')

let versions: string[]

beforeAll(async () => {
  versions = (await readdir(migrationsFolder())).sort().map((name) => name.slice(0, 14))
})

describe('`core migrate` and the Supabase CLI', () => {
  test('make the same database, down to grants and comments, and record the same history', async () => {
    await using project = await createSupabaseProject()
    await using theirs = await createTestDatabase({ empty: true })
    await using ours = await createTestDatabase({ empty: true })
    await project.run('migration', 'up', '--yes', '--remote', theirs.url)
    await migrateUp({ database: ours.database })

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
    await using project = await createSupabaseProject()
    await using theirs = await createTestDatabase({ empty: true })
    await using ours = await createTestDatabase({ empty: true })
    await project.run('migration', 'up', '--yes', '--remote', theirs.url)
    await migrateUp({ database: ours.database })

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
    await using whole = await createSupabaseProject()
    await using half = await createSupabaseProject(HALF)
    await using theirsFirst = await createTestDatabase({ empty: true })
    await using oursFirst = await createTestDatabase({ empty: true })

    await half.run('migration', 'up', '--yes', '--remote', theirsFirst.url)
    const rest = await migrateUp({ database: theirsFirst.database })
    expect(rest.applied).toHaveLength(versions.length - HALF)

    await migrateUp({ database: oursFirst.database, folder: half.migrations })
    await whole.run('migration', 'up', '--yes', '--remote', oursFirst.url)

    expect(await readDatabaseCatalog(oursFirst)).toEqual(await readDatabaseCatalog(theirsFirst))
    expect(await history(oursFirst)).toEqual(await history(theirsFirst))
  })

  test('a file edited after the CLI applied it is refused with the way out', async () => {
    await using project = await createSupabaseProject(HALF)
    await using database = await createTestDatabase({ empty: true })
    await project.run('migration', 'up', '--yes', '--remote', database.url)
    const [name = ''] = (await readdir(project.migrations)).sort()
    const file = join(project.migrations, name)
    await writeFile(file, `${await readFile(file, 'utf8')}\ncreate table core.added (i int);\n`)
    await expect(migrateUp({ database: database.database, folder: project.migrations })).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      fix: expect.stringContaining('core migrate reset'),
      details: { reason: 'migration_changed', versions: [versions[0]] },
    })
  })
})

describe('the advisors of Supabase', () => {
  const advise = async (database: TestDatabase) => {
    await using project = await createSupabaseProject()
    // The linter looks at what PostgREST exposes; the first migration sets this where there is a PostgREST.
    await database.sql(`alter database ${database.name} set pgrst.db_schemas = 'public, graphql_public, core_api'`)
    return await project.run('db', 'advisors', '--remote', database.url, '--level', 'warn')
  }

  test('find no error and no warning', async () => {
    await using database = await createTestDatabase()
    expect(await advise(database)).toMatchObject({ results: [] })
  })

  test('would find one', async () => {
    await using database = await createTestDatabase()
    await database.sql(
      `create function core_api.careless() returns int language sql as 'select 1'; create table public.open (i int); grant select on public.open to anon`,
    )
    expect(await advise(database)).toMatchObject({
      results: expect.arrayContaining([
        expect.objectContaining({ level: 'WARN', name: 'function_search_path_mutable' }),
        expect.objectContaining({ level: 'ERROR', name: 'rls_disabled_in_public' }),
      ]),
    })
  })
})
