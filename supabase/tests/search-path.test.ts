import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

let on: TestDatabase
const intruder = `intruder_${randomBytes(6).toString('hex')}`

beforeAll(async () => {
  on = await createTestDatabase()
  await on.sql(`create role ${intruder} login; grant core_member to ${intruder}`)
})
afterAll(async () => {
  await on.sql(`drop owned by ${intruder}; drop role ${intruder}`)
  await on.drop()
})

test('a type that a member makes in pg_temp is never taken for a type of a function', async () => {
  const client = await on.connect()
  await client.query(`
    set session authorization ${intruder};
    create function pg_temp.become_owner() returns boolean language plpgsql as $$
    begin
      if current_user <> '${intruder}' then execute 'alter role ${intruder} superuser'; end if;
      return true;
    end $$;
    create domain pg_temp.text as pg_catalog.text check (pg_temp.become_owner());
    grant execute on function pg_temp.become_owner() to public`)
  await client
    .query(`select set_config('request.jwt.claims', '{"role": "core_member", "project": "intruder", "caps": ["project:write"]}', false),
      core_api.project_register('intruder')`)
    .catch(() => undefined) // what matters is who the member is afterwards
  await client.end()
  expect(await on.sql(`select rolsuper from pg_roles where rolname = '${intruder}'`)).toEqual([{ rolsuper: false }])
})

test('every function searches pg_catalog first and pg_temp last', async () => {
  const careless = await on.sql(`
    select p.oid::regprocedure::text as function, p.proconfig
    from pg_proc p where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)
    order by 1`)
  expect(careless).toEqual([])
})
