import { createHash, randomUUID } from 'node:crypto'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * An id that another project has chosen is as good as a fresh one: the answers are the same, nothing waits for the other's
 * transaction, and its rows stay as they are. Projects make the same calls here, with the same ids or ones of their own.
 */

type Answer = { [key: string]: unknown }
/** What a project sends: `id` gives the id it has chosen by a name; `got` is the answer of an earlier call. */
interface Scene {
  readonly project: string
  readonly id: (name: string) => string
  readonly got: (call: string) => Answer
}
type Call = readonly [name: string, args: (scene: Scene) => Record<string, JsonInput>]

const isObject = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** A task of a claim, by its id and fence. */
function claimed({ got }: Scene): { id: string; fence: number } {
  const { tasks } = got('task_claim')
  const first: unknown = Array.isArray(tasks) ? tasks[0] : undefined
  return isObject(first) ? { id: text(first['task']), fence: Number(first['fence']) } : { id: '', fence: 0 }
}

const secret = `core1.00000000.${'A'.repeat(60)}`

const calls: readonly Call[] = [
  ['ledger_account_open', ({ project, id }) => ({ p_key: id('k2'), p_account: `${project}/child`, p_kind: 'user' })],
  ['ledger_account_update', ({ project, id }) => ({ p_key: id('k3'), p_account: project, p_metadata: { a: 1 } })],
  ['ledger_grant', ({ project, id }) => ({ p_key: id('k4'), p_account: project, p_amount: 1_000_000 })],
  [
    'ledger_budget_set',
    ({ project, id }) => ({
      p_key: id('k5'),
      p_account: project,
      p_name: id('budget'),
      p_period: 'day',
      p_limit: 900_000,
    }),
  ],
  ['ledger_reserve', ({ project, id }) => ({ p_key: id('k6'), p_account: project, p_amount: 10, p_hold: id('hold') })],
  ['ledger_reserve', ({ project, id }) => ({ p_key: id('k7'), p_account: project, p_amount: 10, p_hold: id('hold2') })],
  ['ledger_hold_get', ({ id }) => ({ p_hold: id('hold') })],
  ['ledger_extend', ({ id }) => ({ p_key: id('k8'), p_hold: id('hold'), p_add: 5 })],
  ['ledger_capture', ({ id }) => ({ p_key: id('k9'), p_hold: id('hold'), p_amount: 2 })],
  ['ledger_settle', ({ id }) => ({ p_key: id('k10'), p_hold: id('hold'), p_amount: 30 })],
  ['ledger_void', ({ id }) => ({ p_key: id('k11'), p_hold: id('hold2') })],
  ['ledger_refund_hold', ({ id }) => ({ p_key: id('k12'), p_hold: id('hold'), p_amount: 3 })],
  ['ledger_charge', ({ project, id }) => ({ p_key: id('k13'), p_account: project, p_amount: 4 })],
  ['ledger_refund', ({ id, got }) => ({ p_key: id('k14'), p_tx: Number(got('ledger_charge')['tx']), p_amount: 1 })],
  [
    'ledger_transfer',
    ({ project, id }) => ({ p_key: id('k15'), p_from: project, p_to: `${project}/child`, p_amount: 7 }),
  ],
  ['ledger_rebalance', ({ project, id }) => ({ p_key: id('k16'), p_parent: project, p_budget: id('budget') })],
  [
    'ledger_lease_open',
    ({ project, id }) => ({ p_key: id('k17'), p_account: project, p_amount: 5, p_ttl_s: 60, p_device: id('device') }),
  ],
  ['ledger_lease_close', ({ id, got }) => ({ p_key: id('k18'), p_lease: text(got('ledger_lease_open')['lease']) })],
  ['ledger_user_ensure', ({ id }) => ({ p_key: id('k19'), p_user: id('user'), p_limit: 10 })],
  ...(['ledger_batch', 'ledger_batch_json'] as const).map(
    (name): Call => [
      name,
      ({ project, id }) => ({
        p_ops: [
          { op: 'reserve', key: id(`${name} 1`), account: project, amount: 1, hold: id(`${name} hold`) },
          { op: 'charge', key: id(`${name} 2`), account: project, amount: 1 },
        ],
      }),
    ],
  ),
  [
    'ledger_batch',
    ({ id }) => ({
      p_ops: [
        { op: 'settle', key: id('k20'), hold: id('ledger_batch hold') },
        { op: 'void', key: id('k21'), hold: id('ledger_batch_json hold') },
      ],
    }),
  ],
  [
    'webhook_put',
    ({ id }) => ({ p_name: id('hook'), p_url: 'https://example.org/', p_topics: ['ledger.alert'], p_secret: secret }),
  ],
  ['webhook_rotate', ({ id }) => ({ p_key: id('k22'), p_name: id('hook'), p_secret: secret })],
  ['webhook_replay', ({ id }) => ({ p_key: id('k23'), p_name: id('hook'), p_after: 0 })],
  ['webhook_remove', ({ id }) => ({ p_name: id('hook') })],
  [
    'secret_put',
    ({ id }) => ({ p_name: id('secret'), p_sealed: secret, p_version: '019ab2c4-9f00-7000-8000-000000000001' }),
  ],
  ['secret_remove', ({ id }) => ({ p_name: id('secret') })],
  ['share_set', ({ id }) => ({ p_kind: 'queue', p_name: id('queue'), p_grantee: 'grantee', p_rights: ['work'] })],
  ['share_remove', ({ id }) => ({ p_kind: 'queue', p_name: id('queue'), p_grantee: 'grantee' })],
  [
    'cache_put_many',
    ({ id }) => ({
      p_namespace: id('cache'),
      p_entries: [{ key: id('entry'), value: 'dg==', fresh_ms: 9_000, stale_ms: 0 }],
    }),
  ],
  [
    'cache_get_many',
    ({ id }) => ({ p_namespace: id('cache'), p_keys: [id('entry')], p_holder: id('h'), p_lease_ms: 9_000 }),
  ],
  ['cache_renew', ({ id }) => ({ p_namespace: id('cache'), p_key: id('entry'), p_token: 1, p_lease_ms: 9_000 })],
  ['cache_release', ({ id }) => ({ p_namespace: id('cache'), p_key: id('entry'), p_token: 1 })],
  ['cache_delete', ({ id }) => ({ p_namespace: id('cache'), p_keys: [id('entry')] })],
  ['cache_expire', ({ id }) => ({ p_namespace: id('cache'), p_keys: [id('entry')] })],
  ['cache_invalidate_tags', ({ id }) => ({ p_namespace: id('cache'), p_tags: [id('tag')] })],
  ['cache_hint', ({ id }) => ({ p_namespace: id('cache') })],
  ['cache_stats', ({ id }) => ({ p_namespace: id('cache') })],
  ['cache_list', ({ id }) => ({ p_namespace: id('cache') })],
  ['cache_clear', ({ id }) => ({ p_namespace: id('cache') })],
  ['session_open', ({ id }) => ({ p_key: id('k24'), p_fingerprint: id('fingerprint') })],
  [
    'claim_take',
    ({ id, got }) => ({
      p_key: id('k25'),
      p_session: text(got('session_open')['session']),
      p_resource: id('resource'),
    }),
  ],
  ['claim_renew', ({ id, got }) => ({ p_resource: id('resource'), p_fence: Number(got('claim_take')['fence']) })],
  ['claim_release', ({ id, got }) => ({ p_resource: id('resource'), p_fence: Number(got('claim_take')['fence']) })],
  ['lock_acquire', ({ id }) => ({ p_name: id('lock'), p_holder: id('holder') })],
  ['lock_renew', ({ id, got }) => ({ p_name: id('lock'), p_fence: Number(got('lock_acquire')['fence']) })],
  ['lock_release', ({ id, got }) => ({ p_name: id('lock'), p_fence: Number(got('lock_acquire')['fence']) })],
  ['task_group_set', ({ id }) => ({ p_queue: id('queue'), p_group: id('group'), p_concurrency: 2 })],
  [
    'task_enqueue',
    ({ id }) => ({
      p_queue: id('queue'),
      p_tasks: [{ key: id('task'), kind: 'work', unique_key: id('unique'), group: id('group') }],
    }),
  ],
  ['task_list', ({ id }) => ({ p_queue: id('queue') })],
  ['task_claim', ({ id }) => ({ p_queues: [id('queue')], p_worker: id('worker') })],
  ['task_complete', (scene) => ({ p_task: claimed(scene).id, p_fence: claimed(scene).fence })],
  ['coordinator_waiting', ({ id }) => ({ p_queues: [id('queue')] })],
  ['coordinator_poll', ({ id }) => ({ p_tasks: { queues: [id('queue')], worker: id('worker') } })],
  ['message_send', ({ project, id }) => ({ p_key: id('k30'), p_type: 'note', p_to: project })],
  ['insight_share', ({ id }) => ({ p_key: id('k26'), p_category: 'cost', p_title: 'Ten per cent' })],
  ['provider_set', ({ id }) => ({ p_name: id('webhook'), p_kind: 'local' })],
  ['route_set', ({ id }) => ({ p_name: id('route'), p_targets: [{ provider: 'local' }] })],
  ['route_remove', ({ id }) => ({ p_name: id('route') })],
  ['provider_remove', ({ id }) => ({ p_name: id('webhook') })],
  ['flag_set', ({ project, id }) => ({ p_name: id('flag'), p_value: true, p_project: project })],
  ['flag_clear', ({ project, id }) => ({ p_name: id('flag'), p_project: project })],
  [
    'key_create',
    ({ project, id }) => ({
      p_key: id('k27'),
      p_hash: hashOf(project),
      p_hint: 'hint',
      p_project: project,
      p_caps: ['ledger:read'],
    }),
  ],
  [
    'key_reroll',
    ({ project, id, got }) => ({
      p_key: id('k28'),
      p_id: text(got('key_create')['id']),
      p_hash: hashOf(`${project} again`),
      p_hint: 'hint',
    }),
  ],
  [
    'member_add',
    ({ project, id }) => ({ p_key: id('k29'), p_project: project, p_subject: id('subject'), p_role: 'viewer' }),
  ],
  ['member_set', ({ project, id }) => ({ p_project: project, p_subject: id('subject'), p_role: 'operator' })],
  ['member_get', ({ project, id }) => ({ p_project: project, p_subject: id('subject') })],
  ['member_update', ({ project, id }) => ({ p_project: project, p_subject: id('subject'), p_role: 'viewer' })],
  ['member_remove', ({ project, id }) => ({ p_project: project, p_subject: id('subject') })],
]

/** Changes of these wait for each other whatever they name: readers follow them in one order. */
const ordered = new Set([
  'provider_set',
  'provider_remove',
  'route_set',
  'route_remove',
  'webhook_put',
  'webhook_rotate',
  'webhook_replay',
  'webhook_remove',
  'flag_set',
  'flag_clear',
])

/** Arguments by which a caller names what it makes. */
const chosen = [
  'key',
  'hold',
  'name',
  'namespace',
  'queue',
  'queues',
  'resource',
  'fingerprint',
  'user',
  'group',
  'device',
  'subject',
  'ops',
  'tasks',
].map((name) => `p_${name}`)
const elsewhere: Record<string, string> = {
  file_begin: 'files.test.ts: a file of another project looks like a missing one',
  file_get: 'files.test.ts: the same',
  file_remove: 'files.test.ts: the same',
  project_register: 'names of projects are one list for all of them',
  project_create: 'names of projects are one list for all of them',
  project_update: 'names of projects are one list for all of them',
  project_get: 'names of projects are one list for all of them',
  project_archive: 'names of projects are one list for all of them',
  project_restore: 'names of projects are one list for all of them',
  key_update: 'names a key by its id, which the database makes',
  task_beat: 'names tasks by their ids, which the database makes',
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

let base: TestDatabase
let scopes: string[]
const shared = new Map<string, string>()

/** A uuid where a hold is named, else a word: both are what the other project chose, or fresh. */
const chosenBy = (ids: Map<string, string>) => (name: string) => {
  const id = ids.get(name) ?? newId(name)
  ids.set(name, id)
  return id
}

function newId(name: string): string {
  if (/hold\d?$/.test(name)) return randomUUID()
  const word = `w${randomUUID().slice(0, 8)}`
  return name === 'fingerprint' ? hashOf(word) : name === 'subject' ? `user:${word}` : word
}

const claims = (project: string) => ({ role: 'core_member' as const, project, caps: scopes, sub: 'key' })

/** Makes all calls for a project; returns what was answered, without what differs between any two projects. */
async function play(
  those: readonly Call[],
  project: string,
  ids: Map<string, string>,
  call: (name: string, args: Record<string, JsonInput>) => Promise<unknown>,
): Promise<string[]> {
  const answers = new Map<string, Answer>()
  const lines: string[] = []
  const scene: Scene = { project, id: chosenBy(ids), got: (name) => answers.get(name) ?? {} }
  for (const [name, args] of those) {
    const answer = await call(name, args(scene)).catch((error: unknown) => ({ failed: `${name}: ${String(error)}` }))
    if (isObject(answer)) answers.set(name, answer)
    lines.push(`${name} ${withoutIds(JSON.stringify(answer), project, ids)}`)
  }
  return lines
}

function withoutIds(answer: string, project: string, ids: Map<string, string>): string {
  let plain = answer.replaceAll(project, '<project>')
  for (const [name, id] of ids) plain = plain.replaceAll(id, `<${name}>`)
  return plain
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uuid>')
    .replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '<time>')
    .replace(/"(tx|refunds|fence|version|seq|share|id|token|after|first|cursor|read_at)": ?"?\d+"?/g, '"$1":0')
    .replace(/"versions": ?\[\d+\]/g, '"versions":[0]')
    .replace(/"(etag|hash|epoch)": ?"[^"]*"/g, '"$1":""')
}

const asMember = (project: string) => (name: string, args: Record<string, JsonInput>) =>
  base.database.call(name, args, { claims: claims(project), timeoutMs: 5_000 })

beforeAll(async () => {
  base = await createTestDatabase({ poolSize: 2 })
  scopes = (await base.sql('select name from core.scope')).map(({ name }) => String(name))
  for (const name of ['chooser', 'beside', 'later', 'stranger', 'grantee']) {
    await base.database.call('project_register', { p_name: name, p_version: '1' }, {})
    await base.database.call('ledger_account_open', { p_key: 'open', p_account: name }, {})
  }
})
afterAll(() => base.drop())

test('the ids that a project chose are fresh to every other, before and after its transaction ends', {
  timeout: 180_000,
}, async () => {
  const lines = await play(calls, 'stranger', new Map(), asMember('stranger'))
  expect(lines.filter((line) => !/^\w+ \{"?.*"ok": ?true/.test(line))).toEqual([])
  const unordered = calls.filter(([name]) => !ordered.has(name))
  const fresh = lines.filter((line) => !ordered.has(line.split(' ', 1).join()))

  const client = await base.connect()
  const types = await readTypes()
  await client.query('begin')
  await client.query(`select set_config('request.jwt.claims', $1, true)`, [JSON.stringify(claims('chooser'))])
  const chosenThere = await play(unordered, 'chooser', shared, async (name, args) => {
    const entries = Object.entries(args)
    const list = entries.map(([key], index) => `${key} => $${index + 1}::${types.get(`${name} ${key}`)}`)
    const values = entries.map(([key, value]) =>
      types.get(`${name} ${key}`) === 'jsonb' ? JSON.stringify(value) : value,
    )
    const { rows } = await client.query(`select core_api.${name}(${list.join(', ')}) as answer`, values)
    return rows[0]?.answer
  })
  expect(chosenThere).toEqual(fresh)
  expect(await play(unordered, 'beside', new Map(shared), asMember('beside'))).toEqual(fresh)
  await client.query('commit')

  const rest = calls.filter(([name]) => ordered.has(name))
  await play(rest, 'chooser', shared, asMember('chooser'))
  const before = await readRowsOf('chooser')
  expect(await play(calls, 'later', new Map(shared), asMember('later'))).toEqual(lines)
  expect(await readRowsOf('chooser')).toBe(before)
  expect(await base.database.call('ledger_audit', {}, {})).toMatchObject({ violations: [] })
})

test('every function by which a member names something is called here', async () => {
  const rows = await base.sql(
    `select p.proname as name from pg_proc p where p.pronamespace = 'core_api'::regnamespace and p.proargnames && $1
       and has_function_privilege('core_member', p.oid, 'execute') order by 1`,
    [chosen],
  )
  const called = new Set(calls.map(([name]) => name))
  expect(rows.map(({ name }) => String(name)).filter((name) => !called.has(name) && !(name in elsewhere))).toEqual([])
})

test('the owner is asked for the project of an id that several have', async () => {
  const hold = shared.get('hold') ?? ''
  await expect(base.database.call('ledger_hold_get', { p_hold: hold }, {})).rejects.toMatchObject({
    details: { reason: 'hold_ambiguous' },
  })
  const ops = [
    { op: 'settle', key: randomUUID(), hold },
    { op: 'charge', key: randomUUID(), account: 'chooser', amount: 1 },
  ]
  expect(await base.database.call('ledger_batch', { p_ops: ops }, {})).toMatchObject({
    results: [{ ok: false, code: 'hold_ambiguous' }, { ok: true }],
  })
})

/** Types of arguments, by function and name. */
async function readTypes(): Promise<Map<string, string>> {
  const rows = await base.sql(
    `select p.proname || ' ' || a.name as argument, format_type(a.type, null) as type
     from pg_proc p, unnest(p.proargnames, p.proargtypes::oid[]) as a (name, type) where p.pronamespace = 'core_api'::regnamespace`,
  )
  return new Map(rows.map(({ argument, type }) => [String(argument), String(type)]))
}

async function readRowsOf(project: string): Promise<string> {
  const tables = await base.sql(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.columns where table_schema = 'core' and column_name = 'project'
       and table_name <> 'event'`, // readers number events late
  )
  const states: string[] = []
  for (const { name } of tables) {
    const [row] = await base.sql(
      `select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as rows from ${name} t where t.project = $1`,
      [project],
    )
    states.push(`${name} ${row?.['rows']}`)
  }
  return states.join('\n')
}
