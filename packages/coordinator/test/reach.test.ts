import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * What a credential reaches: its own project, as far as its scopes go. A refused call changes no row and waits for no
 * lock: all rows of the other project are locked meanwhile, and a call that waits for one fails by its time limit.
 */

let on: TestDatabase
let before: string
const nothing = '019ab2c4-0000-7000-8000-000000000000'
/** Ids of the other project, by kind, and of the member's own. */
const theirs: Record<string, string> = {}
const mine: Record<string, string> = {}

const call = (name: string, args: Readonly<Record<string, JsonInput>>, caps?: readonly string[]) => {
  const claims: MemberClaims | undefined = caps && { role: 'core_member', project: 'mine', caps, sub: 'key:test' }
  return on.database.call(name.split(' ', 1)[0] ?? '', args, { claims, timeoutMs: 5_000 })
}

type Args = Readonly<Record<string, JsonInput>>
interface Reach {
  readonly scope: string
  readonly args: (ids: Readonly<Record<string, string>>) => Args
  /** The arguments that name something by its id: another project's is answered as one that is missing. */
  readonly names?: string
  /** The same for every project: there is no other one to name. */
  readonly isCommon?: true
}

const byTask = ({ task = '' }: Readonly<Record<string, string>>) => ({ p_task: task })
/** The other project's fence is known: it is a number that can be guessed. */
const byFence = ({ task = '' }: Readonly<Record<string, string>>) => ({
  p_task: task,
  p_fence: Number(theirs['fence']),
})

const byDelivery = ({ delivery = '' }: Readonly<Record<string, string>>) => ({
  p_deliveries: [delivery],
  p_fences: [Number(theirs['delivered'])],
})

/** Every function of the coordinator that a member may call, and after a space what else it can name. */
const calls: Readonly<Record<string, Reach>> = {
  session_open: { scope: 'session:run', args: () => ({ p_key: 'k', p_fingerprint: '0'.repeat(64) }) },
  session_beat: { scope: 'session:run', args: ({ session = '' }) => ({ p_session: session }), names: 'session' },
  session_close: { scope: 'session:run', args: ({ session = '' }) => ({ p_session: session }), names: 'session' },
  session_list: { scope: 'session:run', args: () => ({}) },
  lock_acquire: { scope: 'lock:take', args: () => ({ p_name: 'mine', p_holder: 'h' }) },
  lock_renew: { scope: 'lock:take', args: () => ({ p_name: 'theirs', p_fence: Number(theirs['lock']) }) },
  lock_release: { scope: 'lock:take', args: () => ({ p_name: 'theirs', p_fence: Number(theirs['lock']) }) },
  lock_list: { scope: 'lock:take', args: () => ({}) },
  claim_take: {
    scope: 'claim:take',
    args: ({ session = '' }) => ({ p_key: 'k', p_session: session, p_resource: 'path' }),
    names: 'session',
  },
  claim_renew: { scope: 'claim:take', args: () => ({ p_resource: 'path', p_fence: Number(theirs['claim']) }) },
  claim_release: { scope: 'claim:take', args: () => ({ p_resource: 'path', p_fence: Number(theirs['claim']) }) },
  claim_list: { scope: 'claim:take', args: () => ({}) },
  manifest: { scope: 'fleet:read', args: () => ({}), isCommon: true },
  manifest_place: { scope: 'fleet:read', args: () => ({}), isCommon: true },
  health_list: { scope: 'fleet:read', args: () => ({}), isCommon: true },
  health_history: { scope: 'fleet:read', args: () => ({}) },
  health_policy_get: { scope: 'fleet:read', args: () => ({}) },
  health_policy_set: { scope: 'project:write', args: () => ({ p_policy: {} }) },
  insight_share: { scope: 'insight:share', args: () => ({ p_key: 'k', p_category: 'c', p_title: 't' }) },
  insight_list: { scope: 'fleet:read', args: () => ({}) },
  insight_get: { scope: 'fleet:read', args: ({ insight = '' }) => ({ p_insight: insight }) },
  insight_decide: {
    scope: 'insight:decide',
    args: ({ insight = '' }) => ({ p_insight: insight, p_decision: 'adopted' }),
  },
  insight_remove: { scope: 'insight:share', args: ({ insight = '' }) => ({ p_insight: insight }), names: 'insight' },
  message_send: {
    scope: 'message:send',
    args: ({ message = '' }) => ({ p_key: message, p_type: 't', p_reply_to: message }),
    names: 'message',
  },
  message_get: { scope: 'message:send', args: ({ message = '' }) => ({ p_message: message }), names: 'message' },
  message_reply: { scope: 'message:send', args: ({ message = '' }) => ({ p_message: message }), names: 'message' },
  message_list: { scope: 'message:receive', args: () => ({}) },
  message_stats: { scope: 'message:receive', args: () => ({}) },
  message_receive: { scope: 'message:receive', args: () => ({ p_limit: 1 }) },
  message_ack: { scope: 'message:receive', args: byDelivery, names: 'delivery' },
  message_extend: { scope: 'message:receive', args: byDelivery, names: 'delivery' },
  message_nack: {
    scope: 'message:receive',
    args: ({ delivery = '' }) => ({ p_delivery: delivery, p_fence: Number(theirs['delivered']) }),
    names: 'delivery',
  },
  message_retry: {
    scope: 'message:receive',
    args: ({ delivery = '' }) => ({ p_delivery: delivery }),
    names: 'delivery',
  },
  topic_subscribe: { scope: 'message:receive', args: () => ({ p_topic: 'topic:mine' }) },
  topic_unsubscribe: { scope: 'message:receive', args: () => ({ p_topic: 'topic:theirs' }) },
  coordinator_poll: {
    scope: 'session:run',
    args: ({ session = '' }) => ({ p_session: session, p_beat: {} }),
    names: 'session',
  },
  'coordinator_poll with reports': {
    scope: 'task:work',
    args: ({ task = '', fence = '1' }) => ({
      p_tasks: { queues: ['empty'], worker: 'w', reports: [{ task, fence: Number(fence), outcome: 'done' }] },
    }),
    names: 'task',
  },
  coordinator_waiting: { scope: 'message:receive', args: () => ({ p_inbox: true }) },
  'coordinator_waiting at a queue': { scope: 'task:work', args: () => ({ p_queues: ['empty'] }) },
  topic_list: { scope: 'message:receive', args: () => ({}) },
  task_enqueue: {
    scope: 'task:enqueue',
    args: ({ task = '' }) => ({ p_queue: 'q', p_tasks: [{ key: 'needing', kind: 'k', needs: [task] }] }),
    names: 'task',
  },
  task_get: { scope: 'task:enqueue', args: byTask, names: 'task' },
  task_list: { scope: 'task:enqueue', args: () => ({}) },
  task_stats: { scope: 'task:enqueue', args: () => ({}) },
  task_claim: { scope: 'task:work', args: () => ({ p_queues: ['empty'], p_worker: 'w' }) },
  task_beat: { scope: 'task:work', args: ({ task = '' }) => ({ p_tasks: [task], p_fences: [1] }), names: 'task' },
  task_settle: {
    scope: 'task:work',
    args: ({ task = '', fence = '1' }) => ({ p_items: [{ task, fence: Number(fence), outcome: 'done' }] }),
    names: 'task',
  },
  task_complete: { scope: 'task:work', args: byFence, names: 'task' },
  task_fail: { scope: 'task:work', args: (ids) => ({ ...byFence(ids), p_error: 'no' }), names: 'task' },
  task_release: { scope: 'task:work', args: byFence, names: 'task' },
  task_cancel: { scope: 'task:operate', args: byTask, names: 'task' },
  task_retry: { scope: 'task:operate', args: byTask, names: 'task' },
  task_group_set: { scope: 'task:operate', args: () => ({ p_queue: 'q', p_group: 'g', p_concurrency: 2 }) },
}
const scopes = [...new Set(Object.values(calls).map(({ scope }) => scope))]
const tables = [
  'session',
  'manifest_state',
  'task',
  'task_done',
  'task_slot',
  'lock',
  'claim',
  'event',
  'health_policy',
  'insight',
  'insight_decision',
  'message',
  'message_delivery',
  'message_done',
  'message_subscription',
]

/** Whose row `t` is. */
const owner = `coalesce(to_jsonb(t) ->> 'recipient', to_jsonb(t) ->> 'project')`

/** Every row that is not the member's own. */
async function readTheirs(): Promise<string> {
  const states = tables.map(
    (name) => `(select coalesce(string_agg(t::text, '|' order by t::text), '') from core.${name} t
      where ${owner} is distinct from 'mine' and to_jsonb(t) #>> '{data,project}' is distinct from 'mine')`,
  )
  const [row] = await on.sql(`select concat_ws('#', ${states.join()}) as state`)
  return String(row?.['state'])
}

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  for (const p_name of ['mine', 'theirs']) await on.database.rpc('project_register', { p_name })
  for (const [project, ids] of [
    ['theirs', theirs],
    ['mine', mine],
  ] as const) {
    const lesson = { p_key: 'first', p_category: 'c', p_title: 't', p_project: project }
    ids['insight'] = Object(await call('insight_share', lesson)).insight
    const fingerprint = project === 'mine' ? '1' : '2'
    const opened = await call('session_open', { p_key: 'k', p_fingerprint: fingerprint.repeat(64), p_project: project })
    ids['session'] = Object(opened).session
    const p_to = project
    ids['message'] = Object(
      await call('message_send', { p_key: 'k', p_type: 't', p_to, p_await: true, p_project: project }),
    ).message
    const inbox = Object(await call('message_receive', { p_visible_s: 600, p_project: project })).messages
    ids['delivery'] = inbox[0].delivery
    ids['delivered'] = String(inbox[0].fence)
    await call('topic_subscribe', { p_topic: 'topic:theirs', p_project: project })
    const lock = { p_name: 'theirs', p_holder: 'h', p_project: project }
    if (project === 'theirs') ids['lock'] = Object(await call('lock_acquire', lock)).fence
    const claim = { p_key: 'c', p_session: ids['session'] ?? '', p_resource: 'path', p_project: project }
    if (project === 'theirs') ids['claim'] = Object(await call('claim_take', claim)).fence
    const p_tasks = [{ key: 'k', kind: 'k', group: 'g' }]
    await call('task_enqueue', { p_queue: 'q', p_tasks, p_project: project })
    const { tasks } = Object(await call('task_claim', { p_queues: ['q'], p_worker: 'w', p_project: project }))
    ids['task'] = tasks[0].task
    ids['fence'] = String(tasks[0].fence)
  }
  before = await readTheirs()
  const holder = await on.connect()
  await holder.query('begin')
  for (const name of tables) {
    await holder.query(`select from core.${name} t where ${owner} is distinct from 'mine' for update`)
  }
})
afterAll(() => on.drop())

test('the table names every function that a member may call', async () => {
  const found = await on.sql(`select proname as name from pg_proc
    where pronamespace = 'core_api'::regnamespace and has_function_privilege('core_member', oid, 'execute')
      and proname ~ '^(session|manifest|task|claim|lock|message|topic|insight|health|coordinator)' order by 1`)
  expect(found.map(({ name }) => name)).toEqual(
    Object.keys(calls)
      .filter((name) => !name.includes(' '))
      .sort(),
  )
})

test.each(Object.entries(calls).filter(([, { isCommon }]) => !isCommon))(
  '%s reaches no other project',
  async (name, { scope, args }) => {
    const forbidden = { code: 'E_FORBIDDEN' }
    await expect(call(name, { ...args(theirs), p_project: 'theirs' }, [scope])).rejects.toMatchObject(forbidden)
  },
)

test.each(Object.entries(calls))('%s asks for its scope', async (name, { scope, args }) => {
  const others = scopes.filter((other) => other !== scope)
  await expect(call(name, args(mine), [...others, 'ledger:spend'])).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  expect(await call(name, args(mine), [scope])).toHaveProperty('ok')
})

test.each(Object.entries(calls).filter(([, { names }]) => names !== undefined))(
  '%s answers another project’s id as one that is missing',
  async (name, { scope, args, names = '' }) => {
    const outcome = (id: string) =>
      call(name, args({ ...mine, fence: theirs['fence'] ?? '', [names]: id }), [scope]).then(
        (answer) => JSON.stringify(answer).replaceAll(id, 'ID'),
        (error: unknown) => `${Object(error).code} ${Object(error).message}`.replaceAll(id, 'ID'),
      )
    expect(await outcome(theirs[names] ?? '')).toBe(await outcome(nothing))
  },
)

test('the owner of the database names the project', async () => {
  for (const [name, { args, isCommon }] of Object.entries(calls)) {
    if (isCommon) continue
    await expect(call(name, args(theirs))).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'project' } })
  }
})

test('nothing of all this has touched another project', async () => {
  expect(await readTheirs()).toBe(before)
})
