import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

/** What one project has much of, and another has not; what each project may have few of, other projects have. */
const count = 3_000
const seeds: Readonly<Record<string, string>> = {
  model_call: `(project, call, at, subject, account, operation, route, target, model, end_user, status, charged, attempts, total_ms)
    select 'big', 'c' || n, clock_timestamp(), 's', 'big', 'chat', 'r', 't/m', 'm', 'u', 200, 5, 1, 100 from generate_series(1, 12000) n`,
  audit: `(id, project, actor, action, resource) select nextval('core.journal_id'), 'big', 'owner', 'flag.set', 'flag:x'
    from generate_series(1, 60000)`,
  event: `(seq, topic, project, type, data) select n, 'ledger.balance', 'big', 't', '{}' from generate_series(1, 20000) n`,
  task: `(project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms)
    select 'big', 'q' || n % 5, 'o' || n, 'k', '{}', (array['ready', 'scheduled', 'running', 'pending'])[n % 4 + 1]::core.open_task_state, 100, clock_timestamp(), 5, 1000`,
  task_done: `(id, project, queue, key, kind, payload, status, priority, attempt, max_attempts, backoff_ms, created_at, created_by)
    select core.new_id(), 'big', 'q' || n % 5, 'd' || n, 'k', '{}', 'done', 100, 1, 5, 1000, clock_timestamp(), 't'`,
  insight: `(project, key, category, title, body, evidence, expected_bp, confidence_bp, rank)
    select 'big', 'k' || n, 'c', 't', 'b', '{}', 1, 1, n from generate_series(1, 7000) n`,
  message: `(project, key, addressee, type, payload, priority, is_ordered, awaits_reply, max_attempts, ttl_s)
    select 'big', 'm' || n, 'big', 't', '{}', 2, false, false, 5, 1000 from generate_series(1, 12000) n`,
  message_delivery: `(message, recipient, sender, state, priority, turn, is_ordered, max_attempts, sent_at, expires_at)
    select m.id, 'big', 'big', 'ready', 2, 1, false, 5, m.sent_at, m.sent_at + interval '1 day' from core.message m`,
  message_done: `(id, message, recipient, sender, status, priority, is_ordered, attempt, max_attempts, sent_at)
    select core.new_id(), m.id, 'big', 'big', 'acked', 2, false, 1, 5, m.sent_at from core.message m`,
  cache_entry: `(project, namespace, key, version, fresh_until, gone_at)
    select 'big', 'n' || n % 3, 'k' || n, n, clock_timestamp() + interval '1 day', clock_timestamp() + interval '1 day'`,
  claim: `(project, path, mode, key, session_project, session, ends_at)
    select 'big', 'a/' || n, 'exclusive', 'k' || n, 'big', core.new_id(), clock_timestamp() + interval '1 day'`,
  lock: `(project, name, holder, ends_at) select 'big', 'l' || n, 'h', clock_timestamp() + interval '1 day'`,
  session: `(project, key, fingerprint, kind, status, ttl_s, ends_at)
    select 'big', 'k' || n, encode(sha256(n::text::bytea), 'hex'), 'worker', 'online', 60, clock_timestamp() + interval '1 day'`,
  file: `(project, name, object, store, size, content_type, etag) select 'big', 'f/' || n, core.new_id(), 's', 1, 'text/plain', 'e' from generate_series(1, 12000) n`,
  api_key: `(project, caps, name, hash, hint, created_by, request_key, request) select 'big', '{}', 'k' || n, sha256(n::text::bytea), 'hint', 't', 'r' || n, '{}'`,
  member: `(project, subject, role, created_by, updated_by) select 'big', 'user:s' || n, 'viewer', 't', 't'`,
  share: `(owner, kind, name, grantee, rights) select 'big', 'cache', 'n' || n, 'third', '{read}'`,
  price_card: `(version, project, provider, model, rates, source, valid_from) select n, 'big', 'p', 'm' || n, '[]', 'override', clock_timestamp()`,
  login: `(open_key, token_hash, issuer, subject, idle_s, ends_at)
    select 'k' || n, encode(sha256(n::text::bytea), 'hex'), 'i', 's', 60, clock_timestamp() + interval '1 day'`,
  error_group: `(project, fingerprint, kind, name, place, frames, message, count, first_seen, last_seen)
    select 'big', encode(sha256(n::text::bytea), 'hex'), 'request', 'n', 'p', '[]', 'm', 1, clock_timestamp(), clock_timestamp()`,
  flag: `(project, name, value, rollout_bp, version) select 'p' || n % 300, 'f' || n, 'true', 10000, n`,
  secret: `(project, name, version, sealed) select 'p' || n % 300, 's' || n, core.new_id(), 'core1.00000000.' || repeat('a', 40)`,
  model_provider: `(project, name, kind) select 'p' || n % 300, 'n' || n, 'openai'`,
  model_route: `(project, name, targets) select 'p' || n % 300, 'n' || n, '[]'`,
  health_sample: `(project, period, at, samples, total, least, most) select 'big', 'minute', now() - make_interval(mins => n), 1, 1, 1, 1`,
  ledger_account: `(id, code, project, kind, parent_id, purse_id, path, root_id)
    select 999999, 'big', 'big', 'project', null, 999999, array[999999], 999999
    union all select 1000000 + n, 'big/u' || n, 'big', 'user', 999999, 1000000 + n, array[1000000 + n, 999999], 999999`,
}

let on: TestDatabase
let client: Awaited<ReturnType<TestDatabase['connect']>>

beforeAll(async () => {
  on = await createTestDatabase()
  for (const p_name of ['big', 'small', 'third']) await on.database.rpc('project_register', { p_name })
  client = await on.connect()
  await client.query('set session_replication_role = replica') // no triggers, and no references to what is not there
  for (const [table, seed] of Object.entries(seeds)) {
    const source = /from (core|generate_series)/.test(seed) ? '' : `from generate_series(1, ${count}) n`
    await client.query(`insert into core.${table} ${seed} ${source}`)
  }
  await client.query(`reset session_replication_role; update core.flag_counter set version = ${count}; analyze`)
})
afterAll(() => on.drop())

/** How many rows of tables a call reads, by plans that are made for its arguments or for any: a server takes either. */
async function rowsRead(call: string, claims = ''): Promise<number> {
  const counted = `select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int as rows from pg_stat_xact_user_tables`
  const readSoFar = async () => (await client.query<{ rows: number }>(counted)).rows[0]?.rows ?? 0
  const reads: number[] = []
  for (const plan of ['force_custom_plan', 'force_generic_plan']) {
    await client.query(`begin; set local plan_cache_mode = ${plan}`)
    await client.query(`select set_config('request.jwt.claims', $1, true)`, [claims])
    const before = await readSoFar()
    await client.query(`select core_api.${call}`)
    reads.push((await readSoFar()) - before)
    await client.query('rollback')
  }
  return Math.max(...reads)
}

const filters = (...names: readonly string[]) => names.map((name) => `p_filter => '{"${name}": "none"}'`)
const ended = ['done', 'dead', 'cancelled']
const open = ['ready', 'scheduled', 'pending', 'blocked', 'running']
const boxes = ['inbox', 'acked', 'dead', 'sent']

/** Lists, with how many rows a page of the project that has much may read: several thousand where it looks for few among many. */
const lists: readonly (readonly [name: string, most: number, args: readonly string[]])[] = [
  ['router_calls', 300, ['']],
  ['router_calls', 10_500, filters('user', 'route', 'target', 'account', 'flag')],
  ['audit_log', 300, ['', ...filters('resource')]],
  ['audit_log', 45_000, [...filters('actor', 'action'), `p_filter => '{"source": "admin", "actor": "none"}'`]],
  [
    'task_list',
    300,
    ['', `p_queue => 'none'`, ...ended.flatMap((each) => [`p_status => '${each}', p_queue => 'none'`])],
  ],
  ['task_list', 1_500, ended.flatMap((each) => [`p_status => '${each}'`, `p_status => '${each}', p_queue => 'q1'`])],
  // Those that are open have no index in their order, so that a claim writes none.
  ['task_list', 4_000, open.flatMap((each) => [`p_status => '${each}'`, `p_status => '${each}', p_queue => 'q1'`])],
  ['insight_list', 300, ['', `p_category => 'none'`, `p_author => 'none'`, `p_author => 'none', p_category => 'c'`]],
  ['insight_list', 5_500, ['p_open => true']],
  ['message_list', 700, boxes.map((box) => `p_box => '${box}'`)],
  [
    'message_list',
    41_000,
    boxes.flatMap((box) => [`p_box => '${box}', p_type => 'none'`, `p_box => '${box}', p_with => 'none'`]),
  ],
  ['claim_list', 1_500, ['']],
  ['cache_list', 1_100, [`p_namespace => 'n1'`, `p_namespace => 'none'`]],
  ['file_list', 300, ['', `p_prefix => 'none'`]],
  ['share_list', 300, ['', 'p_received => true']],
  ['error_list', 300, ['']],
  ...[
    'lock_list',
    'session_list',
    'key_list',
    'member_list',
    'health_history',
    'provider_list',
    'route_list',
    'flag_list',
  ].map((name) => [name, 500, ['']] as const),
]
/** Lists that are not asked here, and what bounds what they read. */
const boundedOtherwise: Readonly<Record<string, string>> = {
  embedding_due: 'for the process that embeds: the rows that wait',
  embedding_index_due: 'for the process that builds indexes: the spaces',
  file_elsewhere: 'for the owner who moves files: by an index of stores',
  health_list: 'a row of each project',
  ledger_accounts: 'by the index of their codes',
  ledger_alerts: 'by their numbers, from a cursor on',
  ledger_charges: '5,000 rows of the journal of an account',
  ledger_history: 'see read-bounds.test.ts of the ledger',
  ledger_holds: '5,000 rows of the journal of an account',
  ledger_leases: '5,000 rows of the journal of an account',
  ledger_rebalance_due: 'for the control plane: the budgets of parents',
  ledger_refunds: '5,000 rows of the journal of an account',
  ledger_usage: 'see read-bounds.test.ts of the ledger',
  login_list: 'the logins of one person',
  manifest: 'a row of each project',
  manifest_place: 'a row of each project',
  price_book: 'the book of prices is a few thousand cards, which its readers keep',
  price_list: 'the book of prices is a few thousand cards',
  secret_stale: 'for the owner who changes the key of seals',
  webhook_stale: 'for the owner who changes the key of seals',
}

test('each list is asked here, or says what bounds it', async () => {
  const known = await on.sql(`select p.proname as name from pg_proc p
    where p.pronamespace = 'core_api'::regnamespace and p.provolatile = 's' and 'p_limit' = any (p.proargnames) and p.proname <> 'event_poll'`)
  const asked = [...lists.map(([name]) => name), ...Object.keys(boundedOtherwise)]
  expect(known.map(({ name }) => name).filter((name) => !asked.includes(String(name)))).toEqual([])
})

const cases = lists.flatMap(([name, most, all]) => all.map((args) => [name, args, most] as const))

test.each(cases)('a page of %s(%s) reads a page, however much there is', async (name, args, most) => {
  const of = (project: string) => `${name}(${args === '' ? '' : `${args}, `}p_project => '${project}')`
  expect(await rowsRead(of('big'))).toBeLessThanOrEqual(most)
  expect(await rowsRead(of('small')), 'of a project that has nothing').toBeLessThanOrEqual(150)
})

test.each([
  `file_list(p_after => 'f/9', p_project => 'big')`,
  `lock_list(p_after => 'l9', p_project => 'big')`,
  `member_list(p_after => 'user:s9', p_project => 'big')`,
  `share_list(p_after => 2900, p_project => 'big')`,
  `ledger_accounts('big')`,
  `ledger_accounts('big', p_after => 'big/u9')`,
])('a later page, %s, reads a page', async (call) => {
  expect(await rowsRead(call)).toBeLessThanOrEqual(700)
})

test.each(['big', 'small'])('the accounts of a member of %s are found by their codes', async (project) => {
  const claims = JSON.stringify({ role: 'core_member', project, caps: ['ledger:read'] })
  expect(await rowsRead('ledger_accounts()', claims)).toBeLessThanOrEqual(700)
})

test.each([
  ['small', 'event_poll(0)'],
  ['small', `event_poll(0, p_topics => '{flag}')`],
  ['big', `event_poll(0)`],
  ['big', 'event_poll(19000)'],
])('a member of %s reads a page of events, however many others have: %s', async (project, call) => {
  const claims = JSON.stringify({ role: 'core_member', project, caps: ['event:read', 'ledger:read', 'flag:read'] })
  // For each event of the page the scopes are looked through: about fifty.
  expect(await rowsRead(call, claims)).toBeLessThanOrEqual(project === 'big' ? 8_000 : 300)
})

test.each([
  ['router_calls', 'calls', 'p_before', `p_filter => '{"user": "rare"}'`, `model_call set end_user = 'rare'`, 2],
  ['audit_log', 'entries', 'p_before', `p_filter => '{"actor": "rare"}'`, `audit set actor = 'rare'`, 4],
  ['message_list', 'messages', 'p_before', `p_box => 'sent', p_type => 'rare'`, `message set type = 'rare'`, 2],
  ['insight_list', 'insights', 'p_after', 'p_open => true', `insight set project = 'third'`, 2],
] as const)('pages of %s find the last of %s, in bounded calls', async (name, rows, cursor, args, rare, most) => {
  const [table = ''] = rare.split(' ')
  await client.query('begin; set local session_replication_role = replica')
  try {
    await client.query(
      `update core.${rare} where id = (select id from core.${table} where project = 'big' order by id limit 1)`,
    )
    const found: unknown[] = []
    let calls = 0
    for (let next: unknown = null; calls === 0 || next !== null; calls++) {
      const call = `core_api.${name}(${args}, ${cursor} => $1, p_project => 'big')`
      const answer = Object((await client.query(`select ${call} as answer`, [next])).rows[0]).answer
      found.push(...answer[rows])
      next = answer.next
    }
    expect(found).toHaveLength(1)
    expect(calls).toBeLessThanOrEqual(most)
  } finally {
    await client.query('rollback')
  }
})

test.each([
  `flag_set('a', 'true', p_project => 'small')`,
  `secret_put(p_name => 'a', p_version => core.new_id(), p_sealed => 'core1.00000000.' || repeat('b', 40), p_project => 'small')`,
  `secret_remove('s1', p_project => 'p1')`,
  `secret_sealed('s1', p_project => 'p1')`,
  `secret_list(p_project => 'small')`,
  `provider_set('n1', 'openai', p_project => 'small')`,
  `provider_remove('n1', p_project => 'small')`,
  `route_set('n1', '[{"provider": "a"}]', p_project => 'small')`,
  `route_remove('n1', p_project => 'small')`,
  `key_create('k', repeat('ab', 32), 'cr_k_0000', p_project => 'small')`,
  `session_open('k', repeat('ab', 32), p_project => 'small')`,
  `insight_share('k', 'c', 't', 'b', p_project => 'small')`,
  `share_set('cache', 'n', 'third', '{read}', p_project => 'small')`,
  `cache_stats(p_project => 'small')`,
  `login_list('i', 'another')`,
  `login_end('k', p_issuer => 'i', p_subject => 'another')`,
  `message_send('k', 't', 'small', p_project => 'small')`,
  `message_receive(p_project => 'small')`,
  `task_enqueue('q', '[{"key": "k", "kind": "t"}]', p_project => 'small')`,
  `task_claim('{q}', 'w', p_project => 'small')`,
  `file_usage(p_project => 'small')`,
  `member_roles('user:another')`,
  `ledger_account_open('k', 'small/x')`,
  `ledger_accounts('small')`,
  `ledger_reserve('k', 'small', 1)`,
])('%s reads what is its own', async (call) => {
  expect(await rowsRead(call)).toBeLessThanOrEqual(300)
})

test('no function looks for a project by a comparison that no index serves', async () => {
  const found = await on.sql(`
    select p.proname as name from pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and p.prosrc ~ '(where|and|\\() *([a-z]+\\.)?project is not distinct from' and p.prosrc !~ 'v_old\\.project is not distinct from'
    order by 1`)
  expect(found).toEqual([])
})
