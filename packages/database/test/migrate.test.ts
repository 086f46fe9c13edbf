import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { type MigrateProgress, migrateReset, migrateStatus, migrateUp, migrationsFolder } from '../src/migrate/index.ts'
import { readMigrationFiles } from '../src/migrate/migration-files.ts'
import { createTestDatabase, openEmbeddedDatabase, type TestDatabase } from '../src/testing/index.ts'

describe('migrations', () => {
  let on: TestDatabase
  let folder: string

  beforeEach(async () => {
    on = await createTestDatabase({ empty: true })
    folder = await mkdtemp(join(tmpdir(), 'core-migrations-'))
    await write(
      '20300101000100_core_one.sql',
      `create schema core; create schema core_api; create table core.one (i int);`,
    )
    await write(
      '20300101000200_core_two.sql',
      `create table core.two (i int) -- filled next\n; insert into core.two values (1); `,
    )
  })
  afterEach(async () => {
    await on.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  const up = (onProgress?: (progress: MigrateProgress) => void) =>
    migrateUp({ database: on.database, folder, onProgress })
  const states = async () =>
    (await migrateStatus({ database: on.database, folder })).migrations.map(({ state }) => state)
  const history = () =>
    on.sql('select version, name, statements from supabase_migrations.schema_migrations order by version')

  test('pending ones are applied in order with progress, once', async () => {
    const seen: MigrateProgress[] = []
    expect(await states()).toEqual(['pending', 'pending'])
    const result = await up((progress) => seen.push(progress))
    expect(seen).toEqual([
      { version: '20300101000100', name: 'core_one', index: 1, total: 2 },
      { version: '20300101000200', name: 'core_two', index: 2, total: 2 },
    ])
    expect(result.applied.map(({ name }) => name)).toEqual(['core_one', 'core_two'])
    expect(await states()).toEqual(['applied', 'applied'])
    expect((await up()).applied).toEqual([])
    expect(await on.sql('select count(*)::int from core.two')).toEqual([{ count: 1 }])
    expect(await history()).toEqual([
      {
        version: '20300101000100',
        name: 'core_one',
        statements: ['create schema core', 'create schema core_api', 'create table core.one (i int)'],
      },
      {
        version: '20300101000200',
        name: 'core_two',
        statements: ['create table core.two (i int) -- filled next', 'insert into core.two values (1)'],
      },
    ])
  })

  test('one that fails leaves those before it and nothing of its own, and can be fixed', async () => {
    await write(
      '20300101000300_core_three.sql',
      'create table core.three (i int); select 1/0; create table core.four (i int);',
    )
    await expect(up()).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      message: expect.stringContaining('20300101000300_core_three.sql'),
      details: { reason: 'migration_failed', version: '20300101000300', statement: 'select 1/0', sqlstate: '22012' },
    })
    expect(await states()).toEqual(['applied', 'applied', 'pending'])
    expect(await on.sql(`select to_regclass('core.three') as three`)).toEqual([{ three: null }])
    await write('20300101000300_core_three.sql', 'create table core.three (i int);')
    expect((await up()).applied).toHaveLength(1)
  })

  test('an edited one is refused with the way to reset, and nothing is applied', async () => {
    await up()
    await write(
      '20300101000100_core_one.sql',
      'create schema core; create schema core_api; create table core.one (i bigint);',
    )
    await write('20300101000300_core_three.sql', 'create table core.three (i int);')
    expect(await states()).toEqual(['changed', 'applied', 'pending'])
    await expect(up()).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      fix: expect.stringContaining('core migrate reset'),
      details: { reason: 'migration_changed', versions: ['20300101000100'] },
    })
    expect(await states()).toEqual(['changed', 'applied', 'pending'])
  })

  test('white space and empty statements are no change', async () => {
    await up()
    await write(
      '20300101000200_core_two.sql',
      '\n\ncreate table core.two (i int) -- filled next\n;;\n  insert into core.two values (1);\n',
    )
    expect(await states()).toEqual(['applied', 'applied'])
  })

  test('reset recreates Core and leaves the projects’ schemas and foreign migrations', async () => {
    await up()
    await on.sql(`
      create schema smart_layer; create table smart_layer.own (i int);
      insert into supabase_migrations.schema_migrations (version, name) values ('20250101000000', 'theirs')`)
    await write(
      '20300101000100_core_one.sql',
      'create schema core; create schema core_api; create table core.one (i bigint);',
    )
    const result = await migrateReset({ database: on.database, folder })
    expect(result.applied).toHaveLength(2)
    expect(await states()).toEqual(['applied', 'applied'])
    expect(await on.sql('select count(*)::int from core.two')).toEqual([{ count: 1 }])
    expect(await on.sql('select count(*)::int from smart_layer.own')).toEqual([{ count: 0 }])
    expect((await migrateStatus({ database: on.database, folder })).foreign).toEqual(['20250101000000'])
  })

  test('several processes at once apply each migration once', async () => {
    const databases = await Promise.all(
      Array.from({ length: 4 }, () => openDatabase({ driver: 'postgres', url: on.url })),
    )
    const results = await Promise.all(databases.map((database) => migrateUp({ database, folder })))
    expect(results.flatMap(({ applied }) => applied)).toHaveLength(2)
    expect(await states()).toEqual(['applied', 'applied'])
    await Promise.all(databases.map((database) => database.close()))
  })

  test('a file with another name is E_INVALID', async () => {
    await write('1_short.sql', 'select 1')
    await expect(up()).rejects.toMatchObject({ code: 'E_INVALID', message: expect.stringContaining('1_short.sql') })
  })

  test.each(['http', 'supabase'] as const)('the %s driver says that it cannot', async (driver) => {
    await using database = await openDatabase({ driver, url: 'http://127.0.0.1:9', key: 'key' })
    await expect(migrateUp({ database })).rejects.toMatchObject({
      code: 'E_INVALID',
      fix: expect.stringContaining('CORE_DATABASE_URL'),
    })
  })
})

test('a database with the history of one migration per concern is refused with the way to reset, which forgets it', async () => {
  await using database = await createTestDatabase({ empty: true })
  await database.sql(`
    create schema core; create schema core_api; create schema supabase_migrations;
    create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
    insert into supabase_migrations.schema_migrations values
      ('20261120000100', '{create schema core}', 'core_schemas'), ('20261120000250', '{select 1}', 'core_event'),
      ('20261120001350', '{select 1}', 'ledger_publish'), ('20261120001400', '{select 1}', 'hosts_own')`)
  await expect(migrateUp({ database: database.database })).rejects.toMatchObject({
    code: 'E_DATABASE_SCHEMA',
    fix: expect.stringContaining('core database copy'),
    details: { reason: 'migration_changed', versions: ['20261120000100'] },
  })
  await migrateReset({ database: database.database })
  const { foreign, migrations } = await migrateStatus({ database: database.database })
  expect(foreign).toEqual(['20261120001400'])
  expect(migrations.filter(({ state }) => state !== 'applied')).toEqual([])
})

test('Core’s own migrations are found, and embedded and server end with the same functions', async () => {
  await using server = await createTestDatabase()
  await using embedded = await openEmbeddedDatabase()
  const onServer = await migrateStatus({ database: server.database })
  const onEmbedded = await migrateStatus({ database: embedded })
  expect(onServer).toEqual(onEmbedded)
  expect(onServer.migrations.filter(({ state }) => state !== 'applied')).toEqual([])
  const files = await readMigrationFiles(migrationsFolder())
  expect(onServer.migrations).toHaveLength(files.length)
  expect(await readFile(join(migrationsFolder(), files[0]?.file ?? ''), 'utf8')).toContain('create schema core')
})
