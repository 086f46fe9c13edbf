import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Tables whose rows no sweep deletes, with what bounds them. */
const bounded: Readonly<Record<string, string>> = {
  health_head: 'one row',
  health_policy: 'one of a project',
  health_state: 'one of a project',
  manifest_state: 'one of a project',
  message_count: 'one of a project',
  message_subscription: '1,000 of a project',
  task_count: 'one of a project and of a queue with open tasks',
  task_group: '10,000 of a project',
  task_slot: 'those of a group, while it has a setting',
}

let on: TestDatabase
let tables: string[] = []
const projects = ['smart_layer', 'manus_origin']
const call = async (name: string, args: Readonly<Record<string, JsonInput>> = {}): Promise<Record<string, unknown>> =>
  Object(await on.database.call(name, args))
const count = async (table: string) => Number((await on.sql(`select count(*) from core.${table}`))[0]?.['count'])
const first = (rows: unknown): Record<string, JsonInput> => Object(Object(rows)[0])

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 2 })
  for (const p_name of projects) await call('project_register', { p_name })
  const found =
    await on.sql(`select relname from pg_class where relnamespace = 'core'::regnamespace and relkind in ('r', 'p')
    and relname ~ '^(session|manifest|message|insight|health|claim|lock|task|coordinator)' order by 1`)
  tables = found.map(({ relname }) => String(relname))
})
afterAll(() => on.drop())

/** One of everything, open and ended. */
async function fill(): Promise<void> {
  for (const [at, p_project] of projects.entries()) {
    const to = projects[1 - at] ?? ''
    const { session = '' } = await call('session_open', {
      p_key: 'k',
      p_fingerprint: String(at + 1).repeat(64),
      p_project,
    })
    await call('claim_take', { p_key: 'k', p_session: String(session), p_resource: 'path', p_project })
    await call('lock_acquire', { p_name: 'l', p_holder: 'h', p_project })
    await call('health_policy_set', { p_policy: { low_credits: 5 }, p_project })
    const { insight = '' } = await call('insight_share', { p_key: 'k', p_category: 'c', p_title: 't', p_project })
    await call('insight_decide', { p_insight: String(insight), p_decision: 'adopted', p_project: to })
    await call('topic_subscribe', { p_topic: 'topic:t', p_project })
    for (const p_key of ['acked', 'held', 'open'])
      await call('message_send', { p_key, p_type: 't', p_to: to, p_project })
    await call('task_group_set', { p_queue: 'q', p_group: 'g', p_concurrency: 2, p_project })
    const p_tasks = [
      { key: 'a', kind: 'k', group: 'g' },
      { key: 'b', kind: 'k' },
      { key: 'c', kind: 'k', max_attempts: 1 },
    ]
    const made = await call('task_enqueue', { p_queue: 'q', p_tasks, p_project })
    const needing = [{ key: 'd', kind: 'k', needs: [first(Object(made['tasks']).slice(1))['task'] ?? ''] }]
    await call('task_enqueue', { p_queue: 'q', p_tasks: needing, p_project })
    const claimed = await call('task_claim', { p_queues: ['q'], p_worker: 'w', p_limit: 3, p_project })
    const { task = '', fence = 0 } = first(claimed['tasks'])
    await call('task_complete', { p_task: task, p_fence: fence, p_project })
    await call('task_stats', { p_project })
  }
  for (const p_project of projects) {
    const received = await call('message_receive', { p_limit: 2, p_project })
    const { delivery = '', fence = 0 } = first(received['messages'])
    await call('message_ack', { p_deliveries: [delivery], p_fences: [fence], p_project })
    await call('message_stats', { p_project })
  }
  await sweep()
}

/** As the loops of a control plane do. */
async function sweep(): Promise<void> {
  const found = await on.sql(`select proname from pg_proc where pronamespace = 'core_api'::regnamespace
    and proname ~ '^(session|manifest|message|insight|claim|lock|task)_sweep$' order by 1`)
  expect(found.length).toBe(7)
  for (const { proname } of found) await call(String(proname))
  await on.sql(`update core.health_head set sampled_at = '-infinity'`)
  await call('health_sample')
}

/** As if all of it had been written so long ago. */
async function age(days: number): Promise<void> {
  const columns = await on.sql(
    `select table_name as table, string_agg(format('%1$I = %1$I - make_interval(days => ${days})', column_name), ', ') as change
     from information_schema.columns where table_schema = 'core' and data_type = 'timestamp with time zone' and table_name = any ($1) group by 1`,
    [tables],
  )
  for (const { table, change } of columns) await on.sql(`update core.${table} set ${change}`)
}

/** What workers and receivers of today would end. */
async function work(): Promise<void> {
  for (const p_project of projects) {
    const { tasks } = await call('task_claim', { p_queues: ['q'], p_worker: 'w', p_limit: 100, p_project })
    for (const { task, fence } of Object(tasks))
      await call('task_complete', { p_task: task, p_fence: fence, p_project })
  }
}

test('every table of the coordinator is emptied by sweeps, or has a bound', async () => {
  await fill()
  for (const table of tables) expect([table, await count(table)]).not.toEqual([table, 0])
  for (let round = 0; round < 4; round++) {
    await age(400)
    await sweep()
    await work()
  }
  await age(400)
  await sweep()
  const left: string[] = []
  for (const table of tables) if ((await count(table)) > 0) left.push(table)
  expect(left).toEqual(left.filter((table) => table in bounded || table === 'health_sample'))
  // The sample of the last sweep is of now.
  expect(await count('health_sample')).toBeLessThanOrEqual(2 * projects.length)
  for (const table of Object.keys(bounded)) expect(tables).toContain(table)
})

test('a message that reaches no inbox is kept for seven days after its own time', async () => {
  const [project = ''] = projects
  const sent = { p_key: 'quiet', p_type: 't', p_to: 'topic:quiet', p_ttl_s: 86_400, p_project: project }
  const { message = '' } = await call('message_send', sent)
  const kept = () => on.sql('select from core.message where id = $1', [String(message)])
  await age(7)
  await sweep()
  expect(await kept()).toHaveLength(1)
  await age(2)
  await sweep()
  expect(await kept()).toEqual([])
})
