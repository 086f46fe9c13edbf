import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase()
})
afterAll(() => on.drop())

const names = async (query: string) => (await on.sql(query)).map(({ name }) => name)

test('PUBLIC, anon and authenticated may execute nothing in core and core_api', async () => {
  expect(
    await names(`
      select distinct p.oid::regprocedure::text as name
      from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) and a.privilege_type = 'EXECUTE'
        and a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole)
      order by 1`),
  ).toEqual([])
  expect(
    await names(`
      select distinct c.oid::regclass::text as name
      from pg_class c cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
      where c.relnamespace in ('core'::regnamespace, 'core_api'::regnamespace) and a.grantee <> c.relowner
      order by 1`),
  ).toEqual([])
})

test('functions of core are the owner’s alone; those of core_api are for service_role, or for core_member as well', async () => {
  const grants = await on.sql(`
    select p.pronamespace::regnamespace::text as schema, array_agg(distinct a.grantee::regrole::text order by a.grantee::regrole::text)
      filter (where a.grantee <> p.proowner) as roles
    from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
    group by p.oid`)
  const kinds = [...new Set(grants.map(({ schema, roles }) => `${schema} ${roles ?? 'owner'}`))].sort()
  expect(kinds).toEqual(['core owner', 'core_api core_member,service_role', 'core_api service_role'])
})

test('members may execute what authorises for a project, service_role alone what authorises for the whole system', async () => {
  // Two do either. ledger_audit: of one account, or of all for the owner. embedding_cache_put_many: for the project alone, or as
  // the owner for others, too. What a store has, only the control plane can say: it
  // calls the two with the claims of a member, who may not.
  expect(
    await names(`
      select p.proname as name from pg_proc p
      where p.pronamespace = 'core_api'::regnamespace and p.proname not in ('ledger_audit', 'embedding_cache_put_many')
        and has_function_privilege('core_member', p.oid, 'execute') = (p.prosrc ~ 'core\\.authorize\\(''[a-z:]+'', null\\)')
      order by 1`),
  ).toEqual(['file_begin', 'file_commit'])
})

test('no function decides by a setting of its caller’s, except the role and the claims of the transaction', async () => {
  const settings = await names(`
    select distinct found.parts[1] as name
    from pg_proc p cross join lateral regexp_matches(p.prosrc, '(?:current_setting|set_config)\\s*\\(\\s*''([^'']+)', 'g') as found (parts)
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) order by 1`)
  // ledger_is_time_zone reads the zone back that it has just set; ledger_audit sets how its own queries are planned, and
  // embedding_near how far its own search goes.
  const own = ['TimeZone', 'enable_seqscan', 'hnsw.ef_search', 'hnsw.iterative_scan']
  expect(settings).toEqual([...own, 'request.jwt.claims', 'role', 'server_version'])
})
