import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RouteContract, routes } from '@core/api'
import { inspectRights, migrateUp } from '@core/database/migrate'
import { createTestDatabase, startPostgresServer, type TestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { mutations } from './mutations.ts'
import { serveDatabase } from './test-server.ts'

/** Every mutation and every list, on databases whose settings a host has changed, and on the oldest version. */

/** First those of formats, then those that decide how a statement is carried out. */
const settings = `DateStyle = 'SQL, DMY'; IntervalStyle = sql_standard; TimeZone = 'Pacific/Apia'; bytea_output = escape;
    extra_float_digits = -15; quote_all_identifiers = on; xmlbinary = hex; backslash_quote = off; array_nulls = off;
    transform_null_equals = on; client_encoding = LATIN1; search_path = sibling, pg_catalog;
    jit = on; jit_above_cost = 0; plan_cache_mode = force_generic_plan; enable_seqscan = off; enable_hashagg = off;
    enable_nestloop = off; work_mem = '64kB'; row_security = off; check_function_bodies = off; default_tablespace = pg_default;
    default_toast_compression = pglz; statement_timeout = '10s'; lock_timeout = '5s';
    idle_in_transaction_session_timeout = '5s'; idle_session_timeout = '1s'; default_transaction_deferrable = on`

/** As an extension that imitates another database has them, before those of Postgres. */
const namesakes = `
  create schema sibling;
  create function sibling.now() returns timestamptz language sql as 'select null::timestamptz';
  create function sibling.jsonb_build_object(text, text) returns jsonb language sql as 'select null::jsonb';
  create function sibling.jsonb_build_object(text, bigint) returns jsonb language sql as 'select null::jsonb';
  create function sibling.current_setting(text) returns text language sql as $$select 'sibling'$$;
  create function sibling.length(text) returns int language sql as 'select 0';
  create domain sibling.date as timestamptz`

/** As on Supabase: whatever is created is announced, and the roles of the API get it. */
const watched = `
  create function public.announce() returns event_trigger language plpgsql as $$
  begin
    if exists (select from pg_event_trigger_ddl_commands()) then notify pgrst, 'reload schema'; end if;
  end $$;
  create event trigger announce_ddl on ddl_command_end execute function public.announce();
  alter default privileges grant all on schemas to anon, authenticated, public;
  alter default privileges grant all on tables to anon, authenticated, public;
  alter default privileges grant all on functions to anon, authenticated, public;
  alter default privileges grant all on sequences to anon, authenticated, public`

const postgres15 = '/usr/lib/postgresql/15/bin'

test('settings, a locale, event triggers and default privileges of a host', { timeout: 180_000 }, async () => {
  // In Turkish an I is no i, and letters come before capitals.
  await using own = await createTestDatabase({ locale: 'tr-TR' })
  await own.sql(namesakes)
  await own.sql(watched)
  for (const setting of settings.split(';')) await own.sql(`alter database ${own.name} set ${setting}`)
  await expectToWork(own)
  const [reach] = await own.sql(`
    select count(*) filter (where has_schema_privilege(role, 'core', 'usage') or has_schema_privilege(role, 'core_api', 'usage'))::int
      as schemas, (select count(*)::int from pg_proc where pronamespace = 'core_api'::regnamespace and
        has_function_privilege('anon', oid, 'execute')) as functions
    from unnest(array['anon', 'authenticated', 'public']) as role`)
  expect(reach).toEqual({ schemas: 0, functions: 0 })
})

test('Postgres 15', { timeout: 180_000 }, async ({ skip }) => {
  if (!existsSync(join(postgres15, 'initdb'))) return skip('there is no Postgres 15 on this machine')
  const server = await startPostgresServer({
    folder: await mkdtemp(join(tmpdir(), 'core-15-')),
    bin: postgres15,
    settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' },
  })
  try {
    await using own = await createTestDatabase({ empty: true, server: server.url() })
    await own.sql('create extension pg_stat_statements')
    await expectToWork(own)
    // Compiling takes a server with LLVM, as most have it, a multiple of what a call takes.
    const compiled = "select query from pg_stat_statements where jit_functions > 0 and query ~ '\\ycore(_api)?\\.'"
    expect(await own.sql(compiled)).toEqual([])
  } finally {
    await server.stop()
  }
})

async function expectToWork(own: TestDatabase): Promise<void> {
  const { database } = own
  await migrateUp({ database })
  expect(await inspectRights(database)).toEqual({ missingRoles: [], missingGrants: [], clashes: [] })
  await using served = await serveDatabase(database)
  const failed: unknown[] = []
  const send = async (operation: string, method: string, path: string, body?: unknown) => {
    const { status, text } = await served.send(method, path, { key: served.owner, body })
    if (status >= 300) failed.push({ operation, status, text })
  }
  for (const [operation, make] of Object.entries(mutations)) {
    const { method, path, body } = await make({ ...served, test: own })
    await send(operation, method, path, body)
  }
  const all: readonly RouteContract[] = routes
  const lists = all.filter(
    ({ method, path }) => method === 'GET' && !/\{(?!project\})|realtime|events|inbox/.test(path),
  )
  for (const { operation, path } of lists) await send(operation, 'GET', path.replace('{project}', 'smart_layer'))
  expect(lists.length).toBeGreaterThan(20)
  expect(failed).toEqual([])
  expect(await served.audit()).toMatchObject({ clean: true, violations: [] })
  // What was sealed under these settings is the same to a connection that was opened before they were set.
  expect(await own.sql('select core_api.ledger_verify() as verdict')).toMatchObject([{ verdict: { valid: true } }])
}
