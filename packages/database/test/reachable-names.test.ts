import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonInput } from '../src/index.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/index.ts'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase()
  await on.database.rpc('project_register', { p_name: 'named' })
})
afterAll(() => on.drop())

const entry = (key: string) => [{ key, value: 'AQ==', fresh_ms: 60_000, stale_ms: 60_000 }]
const p_secret = `core1.00000000.${'A'.repeat(60)}`
const budget = { p_key: 'k', p_account: 'named', p_period: 'day', p_limit: 1 }

/** A call that would make a thing of this name, for each noun. */
const calls: Readonly<Record<string, (name: string) => readonly [name: string, args: Record<string, JsonInput>]>> = {
  'a project': (p_name) => ['project_register', { p_name }],
  'an account': (name) => ['ledger_account_open', { p_key: 'k', p_account: `named/${name}` }],
  'an account above one': (name) => ['ledger_account_open', { p_key: 'k', p_account: `named/${name}/below` }],
  'a budget': (p_name) => ['ledger_budget_set', { ...budget, p_name }],
  'a namespace of the cache': (p_namespace) => ['cache_put_many', { p_namespace, p_entries: entry('k') }],
  'a key of the cache': (key) => ['cache_put_many', { p_namespace: 'n', p_entries: entry(key) }],
  'a share': (p_name) => ['share_set', { p_kind: 'cache', p_name, p_grantee: '*', p_rights: ['read'] }],
  'a lock': (p_name) => ['lock_acquire', { p_name, p_holder: 'h' }],
  'a flag': (p_name) => ['flag_set', { p_name, p_value: true }],
  'a webhook': (p_name) => ['webhook_put', { p_name, p_url: 'https://example.com', p_topics: ['ledger'], p_secret }],
}

test.each(Object.entries(calls))('%s is not named by a segment that URLs drop', async (_, make) => {
  for (const dots of ['.', '..']) {
    const [name, args] = make(dots)
    const project = /^(project|ledger|flag)_/.test(name) ? {} : { p_project: 'named' }
    await expect(on.database.call(name, { ...args, ...project })).rejects.toMatchObject({
      code: 'E_INVALID',
      details: { field: expect.stringMatching(/^(name|account|namespace|keys)$/) },
    })
  }
})

test('a claim is not on such a path', async () => {
  for (const path of ['.', '..', 'a/..', '../a', 'a/./b']) {
    await expect(on.sql('select core.claim_path($1)', [path]), path).rejects.toThrow('URLs drop')
  }
  expect(await on.sql('select core.claim_path($1) as path', ['a/.../.b/**'])).toEqual([{ path: 'a/.../.b' }])
})

test('what only looks like one is a name', async () => {
  for (const p_namespace of ['...', '.n', 'a/..', '%2e']) {
    const args = { p_namespace, p_entries: entry(p_namespace), p_project: 'named' }
    expect(await on.database.call('cache_put_many', args)).toMatchObject({ ok: true })
  }
})
