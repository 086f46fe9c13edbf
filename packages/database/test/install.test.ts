import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { inspectRights, migratePlan, migrateRepair, migrateUp } from '../src/migrate/index.ts'
import { createTestDatabase, type PostgresServer, startPostgresServer } from '../src/testing/index.ts'

/** Installing on a server that others use: owners with different rights, a second database, a PostgREST with siblings. */

/** Of the version that the tests at hand are about. */
let server: PostgresServer
const tlsName = `core-tls-${randomUUID()}.crt`
beforeAll(async () => {
  server = await startPostgresServer({ folder: join(tmpdir(), `core-install-${randomUUID()}`) })
})
afterAll(() => server?.stop())

async function asAdmin(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url(database) })
  await client.connect()
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql)
    return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
  } finally {
    await client.end()
  }
}

/** A database with an owner of its own. */
async function makeDatabase(name: string, rights: string): Promise<string> {
  await asAdmin(`create role ${name}_owner login password 'secret' ${rights}`)
  await asAdmin(`create database ${name} owner ${name}_owner`)
  const url = new URL(server.url(name))
  url.username = `${name}_owner`
  url.password = 'secret'
  return url.href
}

const open = (url: string) => openDatabase({ driver: 'postgres', url })
const schemasOf = async (database: string) =>
  (
    await asAdmin(`
      select split_part(c.setting, '=', 2) as schemas, s.setdatabase = 0 as everywhere
      from pg_db_role_setting s cross join lateral unnest(s.setconfig) c (setting)
      where s.setrole = 'authenticator'::regrole and c.setting like 'pgrst.db_schemas=%'
        and s.setdatabase in (0, (select oid from pg_database where datname = '${database}')) order by s.setdatabase`)
  ).map(({ schemas, everywhere }) => [schemas, everywhere])

const postgres15 = '/usr/lib/postgresql/15/bin'

describe.each([
  ['the newest Postgres', undefined],
  ['Postgres 15', postgres15],
])('%s', (_, bin) => {
  let newest: PostgresServer
  beforeAll(async () => {
    newest = server
    if (bin === undefined || !existsSync(join(bin, 'initdb'))) return
    server = await startPostgresServer({ folder: join(tmpdir(), `core-install-${randomUUID()}`), bin })
  })
  afterAll(async () => {
    if (server !== newest) await server.stop()
    server = newest
  })
  beforeEach(({ skip }) => {
    if (bin !== undefined && server === newest) skip('there is no Postgres 15 on this machine')
  })

  test('an owner without CREATEROLE learns what a DBA must do, and installs after that SQL was executed', async () => {
    await using database = await open(await makeDatabase('plain', 'nosuperuser nocreaterole'))
    const plan = await migratePlan(database)
    expect(plan.required).toEqual(
      ['anon', 'authenticated', 'service_role', 'core_member'].map((role) => `create role "${role}" nologin;`),
    )
    await expect(migrateUp({ database })).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      message: expect.stringMatching(/role anon is missing, and plain_owner may not create roles/),
      fix: expect.stringContaining('core migrate plan'),
    })
    await asAdmin(plan.required.join('\n'), 'plain')
    expect((await migratePlan(database)).required).toEqual([])
    await migrateUp({ database })
    expect(await inspectRights(database)).toEqual({ missingRoles: [], missingGrants: [], clashes: [] })

    const registered = Object(await database.rpc('project_register', { p_name: 'apart' }))
    expect(registered).toMatchObject({
      ok: true,
      name: 'apart',
      dba_sql: expect.stringContaining('create role project_apart'),
    })
    expect(
      await asAdmin(`select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = 'apart'`, 'plain'),
    ).toEqual([{ owner: 'plain_owner' }])
    const { optional } = await migratePlan(database)
    expect(optional).toContain('alter schema "apart" owner to "project_apart";')
    await asAdmin(optional.join('\n'), 'plain')
    expect((await migratePlan(database)).optional).toEqual([])
    expect(Object(await database.rpc('project_register', { p_name: 'apart' }))).toMatchObject({ dba_sql: null })
  })

  test('a second database of the cluster with another owner, who may create roles', async () => {
    await using database = await open(await makeDatabase('second', 'nosuperuser createrole'))
    expect((await migratePlan(database)).required).toEqual([])
    await migrateUp({ database })
    expect(await inspectRights(database)).toMatchObject({ missingRoles: [], missingGrants: [] })
    // The role of that name was made by the other owner.
    expect(await database.rpc('project_register', { p_name: 'apart' })).toMatchObject({ ok: true })
    expect(await database.rpc('project_register', { p_name: 'own' })).toMatchObject({ ok: true, dba_sql: null })
  })

  test('a user who may do nothing but create schemas in the database of another', async () => {
    const { username: owner } = new URL(await makeDatabase('shared', 'nosuperuser'))
    await asAdmin(
      `
      create role tenant login password 'secret' nosuperuser nocreaterole;
      revoke all on database shared from public;
      grant connect on database shared to tenant;
      revoke all on schema public from public`,
      'shared',
    )
    const url = new URL(server.url('shared'))
    Object.assign(url, { username: 'tenant', password: 'secret' })
    await using database = await open(url.href)
    const { required } = await migratePlan(database)
    expect(required[0]).toBe('grant create on database "shared" to "tenant";')
    await asAdmin(required.join('\n'), 'shared')
    expect((await migratePlan(database)).required).toEqual([])
    await migrateUp({ database })
    expect(await inspectRights(database)).toEqual({ missingRoles: [], missingGrants: [], clashes: [] })
    expect(Object(await database.rpc('project_register', { p_name: 'guest' }))).toMatchObject({ ok: true })
    const owners = await asAdmin(
      `
      select distinct pg_get_userbyid(nspowner) as owner from pg_namespace where nspname in ('core', 'core_api', 'guest')`,
      'shared',
    )
    expect(owners).toEqual([{ owner: 'tenant' }])
    expect(owner).toBe('shared_owner')
  })
})

test('beside a PostgREST that serves siblings core_api is added, in this database only', async () => {
  await asAdmin(`
    create role authenticator login noinherit;
    alter role authenticator set pgrst.db_schemas = 'public, sibling_one, sibling_two'`)
  await using owned = await open(await makeDatabase('modest', 'nosuperuser nocreaterole'))
  await migrateUp({ database: owned })
  expect(await schemasOf('modest')).toEqual([['public, sibling_one, sibling_two', true]])
  const { required, optional } = await migratePlan(owned)
  expect(required).toEqual([])
  await asAdmin(optional.join('\n'), 'modest')
  expect((await schemasOf('modest')).at(-1)).toEqual(['public, sibling_one, sibling_two, core_api', false])
  expect((await migratePlan(owned)).optional).toEqual([])

  await using database = await open(await makeDatabase('super', 'superuser'))
  await migrateUp({ database })
  expect(await schemasOf('super')).toEqual([
    ['public, sibling_one, sibling_two', true],
    ['public, sibling_one, sibling_two, core_api', false],
  ])
  await migrateRepair(database)
  expect((await schemasOf('super')).at(-1)).toEqual(['public, sibling_one, sibling_two, core_api', false])
})

test('repair restores roles and grants that a restore into another cluster loses', async () => {
  await using restored = await createTestDatabase()
  const { database } = restored
  await restored.sql(
    `revoke execute on all functions in schema core_api from core_member, service_role;
     revoke usage on schema core_api from core_member;
     grant execute on all functions in schema core, core_api to public, anon`, // as after a restore without privileges
  )
  const broken = await inspectRights(database)
  expect(broken.missingGrants.length).toBeGreaterThan(50)
  expect((await migrateRepair(database)).left).toEqual([])
  expect(await inspectRights(database)).toEqual({ missingRoles: [], missingGrants: [], clashes: [] })
  const open = `select count(*) as functions from pg_proc p where pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
    and has_function_privilege('anon', p.oid, 'execute')`
  expect(await restored.sql(open)).toEqual([{ functions: '0' }])
})

test('a project that has the name of a root account is seen', async () => {
  await using clashing = await createTestDatabase()
  const { database } = clashing
  await database.rpc('ledger_account_open', { p_key: 'pool', p_account: 'pool', p_kind: 'pool' })
  await clashing.sql(`insert into core.project (name) values ('pool')`)
  expect(await inspectRights(database)).toMatchObject({ clashes: ['pool'] })
})

test('TLS: each sslmode connects or says what to do', async ({ skip }) => {
  const folder = String((await asAdmin('show data_directory'))[0]?.['data_directory'])
  const make = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=elsewhere -keyout server.key -out server.crt`
  const made = await asAdmin(
    `copy (select 1) to program 'cd ${folder} && ${make} 2>/dev/null && cp server.crt /tmp/${tlsName}'`,
  ).catch(() => undefined)
  if (made === undefined) return skip('there is no openssl on this machine')
  const url = await makeDatabase('secured', 'nosuperuser')
  const health = async (query: string) => {
    await using database = await open(`${url}?${query}`)
    const answer = await database.health()
    return answer.status === 'up' ? 'up' : answer.message
  }
  const plainOnly = await open(`${url}?sslmode=require`)
  await expect(migratePlan(plainOnly)).rejects.toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: false,
    fix: expect.stringMatching(/Turn TLS on in the server.*sslmode=disable/),
  })
  await plainOnly.close()
  try {
    await asAdmin('alter system set ssl = on')
    await asAdmin('select pg_reload_conf()')
    await expect.poll(() => health('sslmode=require'), { timeout: 30_000 }).toBe('up')
    expect(await health('sslmode=disable')).toBe('up')
    expect(await health(`sslmode=verify-ca&sslrootcert=/tmp/${tlsName}`)).toBe('up')
    expect(await health(`sslmode=verify-full&sslrootcert=/tmp/${tlsName}`)).toMatch(/altnames|does not match/)
    await using database = await open(`${url}?sslmode=verify-full`)
    await expect(migratePlan(database)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('self-signed certificate'),
      fix: expect.stringContaining('sslrootcert='),
    })
  } finally {
    await asAdmin('alter system set ssl = off')
    await asAdmin('select pg_reload_conf()')
    await rm(`/tmp/${tlsName}`, { force: true })
  }
})
