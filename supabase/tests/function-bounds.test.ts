import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase()
})
afterAll(() => on.drop())

/** Lists without a limit, and what bounds them instead. */
const boundedOtherwise: Readonly<Record<string, string>> = {
  cache_delete: 'the keys of one call',
  cache_expire: 'the keys of one call',
  cache_put_many: 'the entries of one call',
  event_poll: 'core.event_page, a page at most',
  key_create: 'the scopes of one key',
  key_update: 'the scopes of one key',
  ledger_lease_report: 'the items of one report',
  ledger_rebalance: 'the accounts below one parent',
  ledger_refund_hold: '1,000 charges',
  member_roles: 'the projects of one person',
  message_receive: 'the messages that core.message_pick took, a page at most',
  project_list: 'the registered projects',
  secret_list: '100 secrets of a project',
  session_beats: 'the beats of one call',
  share_set: 'the rights of one share',
  system_info: 'the migrations',
  task_cancel: 'the tasks that need the one',
  webhook_list: '20 webhooks of a project',
  webhook_target: 'the two secrets of one webhook',
  task_enqueue: 'the tasks of one call',
}

test('a function of core_api that lists rows has a limit', async () => {
  const unlimited = await on.sql(`
    select p.proname as name from pg_proc p
    where p.pronamespace = 'core_api'::regnamespace and p.prosrc ~* '(jsonb_agg|array_agg)\\(|array\\(' and p.prosrc !~* '\\mlimit\\M'
    order by 1`)
  expect(unlimited.map(({ name }) => name)).toEqual(Object.keys(boundedOtherwise).sort())
})

test('a limit that a caller sets is checked', async () => {
  const unchecked = await on.sql(`
    select p.proname as name from pg_proc p
    where p.pronamespace = 'core_api'::regnamespace and 'p_limit' = any (p.proargnames)
      and p.proname not in ('ledger_budget_set', 'ledger_user_ensure') -- their limit is an amount
      and p.prosrc !~ 'require_page\\(p_limit\\)' and p.prosrc !~ 'require_range\\(''limit'', p_limit' and p.prosrc !~ 'p_limit not between'
      and p.prosrc !~ 'core.ledger_list\\(' -- which checks it for each of its lists
    order by 1`)
  expect(unchecked).toEqual([])
})

/** Sets that are inserted in any order, and why no two calls can wait for each other there. */
const sortedOtherwise: Readonly<Record<string, string>> = {
  ledger_expire: 'its keys name holds that are locked in order',
  price_import: 'it inserts one row at a time, under the lock of the versions',
  router_answer_put: 'it inserts one row',
  router_response_put: 'it inserts one row',
}

test('rows of a set are inserted in one order, so that two calls cannot wait for each other', async () => {
  const found = await on.sql(`
    select distinct p.proname as name
    from pg_proc p cross join lateral regexp_matches(p.prosrc, '(insert into core\\.[a-z_]+[^;]*?\\mselect\\M[^;]*;)', 'g') as i (statement)
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and i.statement[1] !~* '\\morder by\\M' and i.statement[1] !~ 'insert into core\\.ledger_entry'
    order by 1`)
  expect(found.map(({ name }) => name)).toEqual(Object.keys(sortedOtherwise))
})

test('a function that forbids the planner a scan forbids it to compile, too', async () => {
  // Up to Postgres 17 the forbidden scan of a table of one row costs 10,000,000,000: each charge was compiled, for 0.3 s.
  const compiled = await on.sql(`
    select p.oid::regprocedure::text as name from pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) and p.proconfig::text ~ 'enable_(seqscan|sort)='
      and not 'jit=off' = any (p.proconfig)
    order by 1`)
  expect(compiled).toEqual([])
})

test('a function whose joins look rows up forbids every join that reads a table whole', async () => {
  // Without one of the three, plans that were made on empty tables read all of them later: Postgres 19 chose the third.
  const partly = await on.sql(`
    select p.oid::regprocedure::text as name from pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) and p.proconfig::text ~ 'enable_(hashjoin|mergejoin|material)='
      and not '{enable_hashjoin=off,enable_mergejoin=off,enable_material=off}' <@ p.proconfig
    order by 1`)
  expect(partly).toEqual([])
})
