import { roleScopes, roles, scopes, topics } from '@core/api'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase()
})
afterAll(() => on.drop())

test('the database has the scopes of the contract, with the same summaries and roles', async () => {
  const rows = await on.sql('select name, summary, roles from core.scope order by name collate "C"')
  expect(rows).toEqual(
    Object.entries(scopes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { summary }]) => ({
        name,
        summary,
        roles: roles.filter((role) => roleScopes[role].some((scope) => scope === name)),
      })),
  )
  expect(await on.sql(`select core.role_scopes('emperor') as emperor`)).toEqual([{ emperor: null }])
})

test('each topic needs the same scope in the database and in the contract', async () => {
  for (const [topic, { scope }] of Object.entries(topics)) {
    expect(await on.sql('select core.event_scope($1) as scope', [topic]), topic).toEqual([{ scope }])
  }
  expect(await on.sql(`select core.event_scope('keyring') as scope`)).toEqual([{ scope: 'event:read' }])
})

test('a key of a project can spend and read by default, and cannot grant credits or raise its limits', async () => {
  expect(await on.sql('select core.default_scopes() as scopes')).toEqual([
    {
      scopes: [
        'cache:read',
        'cache:write',
        'claim:take',
        'embedding:read',
        'event:read',
        'file:read',
        'flag:read',
        'fleet:read',
        'insight:share',
        'ledger:account',
        'ledger:read',
        'ledger:spend',
        'lock:take',
        'message:receive',
        'message:send',
        'model:call',
        'model:read',
        'price:read',
        'project:read',
        'session:run',
        'task:enqueue',
        'task:work',
      ],
    },
  ])
})

test('every scope that a function of a project asks for is a row', async () => {
  const asked = await on.sql(`
    select distinct found.parts[1] as scope
    from pg_proc p cross join lateral regexp_matches(p.prosrc, '''([a-z]+:[a-z]+)''(?!, null)', 'g') as found (parts)
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)`)
  expect(asked.length).toBeGreaterThan(10)
  const known = new Set((await on.sql('select name from core.scope')).map(({ name }) => name))
  expect(asked.filter(({ scope }) => !known.has(scope))).toEqual([])
})
