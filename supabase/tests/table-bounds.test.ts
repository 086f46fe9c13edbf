import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

/**
 * A database runs for years: of every table of the schema core it is said here what keeps it from growing without end. What is
 * deleted when it is old is tried out, here and, of the tables of the coordinator, in its own test of retention.
 */
const ofCoordinator = '^(session|manifest|message|insight|health|claim|lock|task|coordinator)'

interface Swept {
  /** The call that deletes what is old: a loop of the control plane makes it. */
  readonly by: string
  /** Columns of a row, and their values where `name` is a text and `at` is long ago or still to come. */
  readonly row: readonly [columns: string, values: string]
}

const cache = `core_api.cache_sweep()`
const router = `core_api.router_sweep()`
const files = `core_api.file_swept(
  array(select (o ->> 'object')::uuid from jsonb_array_elements(s.answer -> 'objects') o),
  array(select o ->> 'store' from jsonb_array_elements(s.answer -> 'objects') o))
  from (select core_api.file_sweep('{memory}') as answer) s`

/** Tables whose rows are deleted when they are old. */
const swept: Readonly<Record<string, Swept>> = {
  cache_entry: {
    by: cache,
    row: ['project, namespace, key, version, fresh_until, gone_at', `'a', 'n', name, 1, at, at`],
  },
  cache_epoch: { by: cache, row: ['project, namespace, tag, version, at', `'a', name, '', 1, at`] },
  cache_event: {
    by: cache,
    row: ['project, namespace, type, name, version, origin, at', `'a', 'n', 'set', name, 1, 'o', at`],
  },
  cache_lease: { by: cache, row: ['project, namespace, key, token, holder, ends_at', `'a', 'n', name, 1, 'h', at`] },
  embedding_cache: {
    by: 'core_api.embedding_sweep()',
    row: ['project, model, revision, dims, hash, embedding, used_at', `'a', 'm', '', 1, name, '[1]', at`],
  },
  embedding_generation: {
    by: 'core_api.embedding_sweep()',
    row: [
      'space, provider, model, revision, dims, metric, state, retired_at',
      `(select id from core.embedding_space), 'p', name, '', 1, 'l2', 'retired', at`,
    ],
  },
  error_group: {
    by: 'core_api.error_trim()',
    row: [
      'fingerprint, kind, name, place, frames, message, count, first_seen, last_seen',
      `md5(name), 'loop', name, 'p', '[]', 'm', 1, at, at`,
    ],
  },
  event: { by: 'core_api.event_trim()', row: ['seq, topic, type, data, at', `length(name), 'key', 't', '{}', at`] },
  file_trash: {
    by: files,
    row: ['object, store, project, name, due_at', `gen_random_uuid(), 'memory', 'a', name, at`],
  },
  file_upload: {
    by: files,
    row: [
      'project, key, name, store, size, content_type, status, expires_at, created_at',
      `'a', name, 'n', 'memory', 1, 't', 'committed', at, at`,
    ],
  },
  limit_window: { by: 'core_api.limit_trim()', row: ['key, expires_at', 'name, at'] },
  login: {
    by: 'core_api.login_sweep()',
    row: ['open_key, token_hash, issuer, subject, idle_s, ends_at', `name, md5(name) || md5(name), 'i', 's', 60, at`],
  },
  model_answer: {
    by: router,
    row: [
      'project, key_hash, request_hash, sealed, at',
      `'a', md5(name) || md5(name), md5(name) || md5(name), 's', at`,
    ],
  },
  model_call: {
    by: router,
    row: [
      'project, call, at, subject, account, operation, route, status, charged, attempts, total_ms',
      `'a', name, at, 's', 'a', 'o', 'r', 200, 0, 1, 1`,
    ],
  },
  model_content: { by: router, row: ['project, call, at, sealed', `'a', name, at, 's'`] },
  model_cooling: {
    by: `core_api.router_cool('fresh', 1000, 'faults')`,
    row: ['target, until, reason', `name, at, 'faults'`],
  },
  model_response: {
    by: router,
    row: ['project, id_hash, provider, model, tokens, at', `'a', md5(name) || md5(name), 'p', 'm', 1, at`],
  },
}

/** Tables whose rows stay, with what bounds them. */
const kept: Readonly<Record<string, string>> = {
  api_key: '1,000 of a project that are active; those that have ended name who acted',
  audit: 'a journal: what people and programs have administered',
  cache_head: 'one row',
  cache_usage: 'one of a project, counted again at every sweep',
  credit_rate: 'a journal: what a credit was worth',
  embedding_cache_size: 'one of a project',
  embedding_item: 'what projects keep: parts of documents',
  embedding_queue: 'one of an item and of a model of its space; gone with either',
  embedding_space: 'names that projects give',
  embedding_tenant: 'those of a space with items',
  event_head: 'one row',
  file: 'what projects keep, within their quota',
  file_space: 'one of a project',
  flag: '1,000 of a project',
  flag_counter: 'one row',
  kept_answer: 'a journal: projects, webhooks and members that were made with a key',
  ledger_account: 'names: projects, their users and tags',
  ledger_alert: 'a journal: thresholds that were crossed',
  ledger_archived: 'accounts of archived projects',
  ledger_budget: '20 of an account at a time; those that were removed have windows',
  ledger_entry: 'a journal: postings',
  ledger_hold: 'a journal: what each posting was for',
  ledger_lease: 'a journal: what was spent elsewhere',
  ledger_publish_head: 'one row',
  ledger_seal: 'a journal: one block of many postings',
  ledger_tx: 'a journal: postings',
  ledger_window: 'a journal: what was spent of a budget in each of its periods',
  member: '1,000 of a project',
  model_provider: 'names that people give',
  model_route: 'names that people give',
  price_card: 'a journal: what models have cost',
  price_counter: 'one row',
  project: 'names that the owner gives',
  root_name: 'projects, and accounts outside of them',
  router_counter: 'one row',
  scope: 'those of the nouns',
  secret: '100 of a project',
  share: '1,000 of a project',
  share_kind: 'those of the nouns',
  webhook: '20 of a project',
  webhook_feed: '20 of a webhook',
  xid_head: 'one row',
  xid_source: 'those of the nouns',
}

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 1 })
  await on.database.rpc('project_register', { p_name: 'a' })
  await on.sql(`insert into core.embedding_space (project, name, language) values ('a', 'space', 'simple')`)
  await on.sql(`delete from core.event; insert into core.embedding_cache_size values ('a', 2)`)
})
afterAll(() => on.drop())

test('of every table of the schema core it is said what bounds it', async () => {
  const tables = await on.sql(
    `select relname::text as name from pg_class where relnamespace = 'core'::regnamespace and relkind in ('r', 'p')
       and relname !~ $1 and relname !~ '^embedding_vector_' order by relname collate "C"`,
    [ofCoordinator],
  )
  expect(tables.map(({ name }) => name)).toEqual([...Object.keys(swept), ...Object.keys(kept)].sort())
})

test.each(Object.entries(swept))('what is old in %s is deleted, and what is not stays', async (table, { by, row }) => {
  const [columns, values] = row
  await on.sql(`insert into core.${table} (${columns}) select ${values}
    from (values ('old', clock_timestamp() - interval '2 years'), ('fresh', clock_timestamp() + interval '1 hour')) v (name, at)`)
  const count = async () => (await on.sql(`select count(*)::int as rows from core.${table}`))[0]?.['rows']
  expect(await count()).toBe(2)
  await on.sql(`select ${by}`)
  expect(await count()).toBe(1)
})
