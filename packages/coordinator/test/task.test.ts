import type { JsonInput } from '@core/database'
import { createTestDatabase, openEmbeddedDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let on: TestDatabase
let queues = 0
const project = 'smart_layer'

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 12 })
  await on.database.rpc('project_register', { p_name: project })
})
afterAll(() => on.drop())

type Row = Record<string, unknown>
const rowsOf = (value: unknown): readonly Row[] => (Array.isArray(value) ? value : [])
const call = async (name: string, args: Record<string, JsonInput>): Promise<Row> =>
  Object(await on.database.call(name, { p_project: project, ...args }))
const newQueue = () => `q${queues++}`
const enqueue = async (p_queue: string, ...tasks: Record<string, JsonInput>[]): Promise<string[]> => {
  const p_tasks = tasks.map((task) => ({ key: uuidv7(), kind: 'work', ...task }))
  const { tasks: made } = await call('task_enqueue', { p_queue, p_tasks })
  return rowsOf(made).map(({ task }) => String(task))
}
interface Claim {
  task: string
  fence: number
  attempt: number
  payload: unknown
}
const claim = async (queue: string, p_limit = 1, more: Record<string, JsonInput> = {}): Promise<Claim[]> => {
  const answer = await call('task_claim', { p_queues: [queue], p_worker: 'w', p_limit, ...more })
  return Object(answer['tasks'])
}
const one = async (queue: string): Promise<Claim> => {
  const [claimed] = await claim(queue)
  if (claimed === undefined) throw new Error(`nothing to claim in ${queue}`)
  return claimed
}
const complete = ({ task, fence }: Claim, p_result: JsonInput = null) =>
  call('task_complete', { p_task: task, p_fence: fence, p_result })
const fail = ({ task, fence }: Claim, more: Record<string, JsonInput> = {}) =>
  call('task_fail', { p_task: task, p_fence: fence, p_error: 'no', p_delay_ms: 0, ...more })
const get = (task: string) => call('task_get', { p_task: task })
/** As if its worker had died long enough ago. */
const lose = (task: string) =>
  on.sql(`update core.task set leased_until = clock_timestamp() - interval '1 second' where id = $1`, [task])

test('is claimed once, lowest priority number first, then in the order of enqueueing', async () => {
  const queue = newQueue()
  await enqueue(queue, { payload: 1 }, { payload: 2, priority: 5 })
  await enqueue(queue, { payload: 3 })
  expect((await claim(queue, 10)).map(({ payload }) => payload)).toEqual([2, 1, 3])
  expect(await claim(queue, 10)).toEqual([])
})

test('a batch reads each of its tasks a few times, however many are open', async () => {
  const queue = newQueue()
  await enqueue(queue, ...Array.from({ length: 1_000 }, () => ({})))
  // One transaction, whose own counters say what it has read.
  await on.sql(`do $$
    declare
      v_tasks jsonb := core_api.task_claim(array['${queue}'], 'w', 500, 90, null, '${project}') -> 'tasks';
      v_settled jsonb := core_api.task_settle((select jsonb_agg(jsonb_build_object('task', t -> 'task', 'fence', t -> 'fence', 'outcome', 'done'))
        from jsonb_array_elements(v_tasks) t), '${project}');
      v_read bigint := (select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables where schemaname = 'core' and relname = 'task');
    begin
      if jsonb_array_length(v_settled -> 'tasks') <> 500 or v_read > 500 * 10 then
        raise exception 'read % tasks to claim and end 500', v_read;
      end if;
    end $$`)
})

test('sixteen workers share a thousand tasks without one done twice', async () => {
  const queue = newQueue()
  await enqueue(queue, ...Array.from({ length: 1_000 }, (_, payload) => ({ payload })))
  const seen: string[] = []
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let tasks = await claim(queue, 7); tasks.length > 0; tasks = await claim(queue, 7)) {
        seen.push(...tasks.map(({ task }) => task))
        const p_items = tasks.map(({ task, fence }) => ({ task, fence, outcome: 'done', result: { ok: true } }))
        const { tasks: ended } = await call('task_settle', { p_items })
        expect(rowsOf(ended).every(({ status }) => status === 'done')).toBe(true)
      }
    }),
  )
  expect(new Set(seen).size).toBe(1_000)
  expect(seen).toHaveLength(1_000)
})

test('a claim, a report and an end read the tasks they are about, not all that wait', async () => {
  const queue = newQueue()
  for (let at = 0; at < 5; at++) await enqueue(queue, ...Array.from({ length: 1_000 }, () => ({})))
  const [first] = await enqueue(queue, { group: 'g', priority: 0 })
  await on.sql('analyze core.task')
  const client = await on.connect()
  await client.query('begin')
  const run = async (name: string, args: string) => {
    const { rows } = await client.query(`select core_api.${name}(${args}, p_project => '${project}') as answer`)
    const { rows: read } = await client.query(`select pg_stat_get_xact_numscans('core.task'::regclass)::int as scans`)
    expect([name, read[0].scans]).toEqual([name, 0])
    return rows[0].answer
  }
  const { tasks } = await run('task_claim', `array['${queue}'], 'w', 2`)
  expect(tasks[0].task).toBe(first)
  const items = tasks.map(({ task, fence }: Claim) => ({ task, fence, outcome: 'done' }))
  await run('task_settle', `'${JSON.stringify(items.slice(0, 1))}'`)
  await run('task_cancel', `'${tasks[1].task}'`)
  await client.query('rollback')
})

test('a claim and an enqueue read no more, however much runs and however much was done', async () => {
  const queue = newQueue()
  // Not analysed: as on a server that has not come to it yet.
  await on.sql(
    `insert into core.task (project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms, attempt, fence, leased_until)
     select $1, $2, $2 || n, 'k', '{}', 'running', 100, clock_timestamp(), 5, 1000, 1, n, clock_timestamp() + interval '1 hour' from generate_series(1, 2000) n`,
    [project, queue],
  )
  await on.sql(
    `insert into core.task_done (id, project, queue, key, kind, payload, status, priority, attempt, max_attempts, backoff_ms, fence, created_at, created_by)
     select core.new_id(), $1, $2, $2 || 'done' || n, 'k', '{}', 'done', 100, 1, 5, 1000, n, clock_timestamp(), 'test' from generate_series(1, 5000) n`,
    [project, queue],
  )
  await on.sql(
    `insert into core.task_key (key, project, task) select key, project, id from core.task where queue = $1
     union all select key, project, id from core.task_done where queue = $1`,
    [queue],
  )
  await call('task_stats', {}) // the count of a minute
  const read = `(select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables
    where schemaname = 'core' and relname in ('task', 'task_done', 'task_key'))`
  await on.sql(`do $$
    declare
      -- Of earlier transactions of this connection, which has not reported them yet.
      v_before bigint := ${read};
      v_read bigint;
    begin
      for at in 1 .. 10 loop
        perform core_api.task_enqueue('${queue}', jsonb_build_array(jsonb_build_object('key', '${queue} one ' || at, 'kind', 'k')), '${project}');
        perform core_api.task_claim(array['${queue}'], 'w', 1, 90, null, '${project}');
      end loop;
      v_read := ${read} - v_before;
      if v_read > 10 * 20 then raise exception 'read % tasks to enqueue and claim 10', v_read; end if;
    end $$`)
})

test.each(['which nothing has analysed', 'which was analysed'])(
  'a report, also one that is late or repeated, and all else about one task reads no more in a table %s',
  async (table) => {
    const queue = newQueue()
    await on.sql(
      `insert into core.task (project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms, attempt, fence, leased_until)
     select $1, $2, $2 || n, 'k', '{}', 'running', 100, clock_timestamp(), 5, 1000, 1, n, clock_timestamp() + interval '1 hour' from generate_series(1, 3000) n`,
      [project, queue],
    )
    await on.sql(
      `insert into core.task_done (id, project, queue, key, kind, payload, status, priority, attempt, max_attempts, backoff_ms, fence, created_at, created_by)
     select core.new_id(), $1, $2, $2 || 'done' || n, 'k', '{}', case when n % 2 = 0 then 'done' else 'dead' end, 100, 1, 5, 1000, n, clock_timestamp(), 'test'
     from generate_series(1, 5000) n`,
      [project, queue],
    )
    await on.sql(
      `insert into core.task_key (key, project, task) select key, project, id from core.task where queue = $1
       union all select key, project, id from core.task_done where queue = $1`,
      [queue],
    )
    if (table === 'which was analysed') {
      for (const name of ['task', 'task_done', 'task_key']) await on.sql(`analyze core.${name}`)
    }
    await call('task_stats', {}) // the count of a minute
    const [rows] = await on.sql(
      `select (select array_agg(id) from (select id from core.task where queue = $1 order by fence limit 40) t) as open,
      (select array_agg(id) from (select id from core.task_done where queue = $1 order by fence limit 40) d) as ended`,
      [queue],
    )
    const [open, ended] = [Object(rows?.['open']), Object(rows?.['ended'])]
    const report = (task: string, fence: number, outcome: string) => JSON.stringify([{ task, fence, outcome }])
    const asks: Record<string, (at: number) => string> = {
      look: () => `coordinator_waiting(false, array['${queue}'], '${project}')`,
      'look at what has nothing': (at) => `coordinator_waiting(false, array['nothing${at}', '${queue}'], '${project}')`,
      late: (at) => `task_settle('${report(open[at], 999_999, 'done')}', '${project}')`,
      'late and failed': (at) => `task_settle('${report(open[at], 999_999, 'failed')}', '${project}')`,
      repeated: (at) => `task_settle('${report(ended[at], at + 1, at % 2 === 1 ? 'done' : 'dead')}', '${project}')`,
      failed: (at) => `task_settle('${report(open[at], at + 1, 'failed')}', '${project}')`,
      'of a missing task': () => `task_settle('${report(uuidv7(), 1, 'done')}', '${project}')`,
      beat: (at) => `task_beat(array['${open[at + 10]}']::uuid[], array[${at + 11}], 90, '{}', '${project}')`,
      complete: (at) => `task_complete('${open[at + 10]}', ${at + 11}, null, '${project}')`,
      release: (at) => `task_release('${open[at + 20]}', ${at + 21}, '${project}')`,
      'get an open one': (at) => `task_get('${open[at]}', '${project}')`,
      'get an ended one': (at) => `task_get('${ended[at]}', '${project}')`,
      cancel: (at) => `task_cancel('${open[at + 30]}', '${project}')`,
      retry: (at) => `task_retry('${ended[2 * at]}', '${project}')`,
      'enqueue with a need': (at) =>
        `task_enqueue('${queue}', '${JSON.stringify([{ key: `${queue} n ${at}`, kind: 'k', needs: [ended[at], open[at]] }])}', '${project}')`,
      'enqueue again': (at) =>
        `task_enqueue('${queue}', '${JSON.stringify([{ key: `${queue}done${at + 1}`, kind: 'k' }])}', '${project}')`,
    }
    const client = await on.connect()
    const read = async () => {
      const { rows: counted } =
        await client.query(`select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as n
      from pg_stat_xact_user_tables where schemaname = 'core' and relname in ('task', 'task_done', 'task_key')`)
      return Number(counted[0].n)
    }
    const most: [string, number][] = []
    await client.query('begin')
    for (const [name, ask] of Object.entries(asks)) {
      const before = await read()
      for (let at = 0; at < 8; at++) await client.query(`select core_api.${ask(at)}`) // the plan of five calls may be another one than that of the sixth
      most.push([name, Math.round(((await read()) - before) / 8)])
    }
    await client.query('rollback')
    expect(most.filter(([, rowsRead]) => rowsRead > 20)).toEqual([])
  },
)

test('keeps its result; the same report again is answered as the first time', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, {})
  const claimed = await one(queue)
  expect(await complete(claimed, { pages: 3 })).toMatchObject({ ok: true, status: 'done' })
  expect(await complete(claimed, { pages: 3 })).toMatchObject({ ok: true, status: 'done', replayed: true })
  expect(await get(task)).toMatchObject({ status: 'done', result: { pages: 3 }, attempt: 1 })
})

test('the late result of a worker that lost it is refused, and that of its successor counts', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, {})
  const late = await one(queue)
  await lose(task)
  // Refused at once, also before anyone else has it.
  expect(await complete(late, 'late')).toMatchObject({ ok: false, code: 'task_stale' })
  expect(await call('task_beat', { p_tasks: [task], p_fences: [late.fence] })).toMatchObject({ held: 0, lost: [task] })
  const next = await one(queue)
  expect(next).toMatchObject({ task, attempt: 2 })
  expect(next.fence).toBeGreaterThan(late.fence)
  for (const report of [complete(late, 'late'), fail(late)]) expect(await report).toMatchObject({ code: 'task_stale' })
  expect(await call('task_beat', { p_tasks: [task], p_fences: [late.fence] })).toMatchObject({ held: 0, lost: [task] })
  expect(await complete(next, 'in time')).toMatchObject({ ok: true })
  expect(await get(task)).toMatchObject({ status: 'done', result: 'in time' })
})

test('of several reports on a task in one call the first under its fence counts, and one under another fence is stale', async () => {
  for (const needed of [false, true]) {
    const queue = newQueue()
    const [task = ''] = await enqueue(queue, {})
    if (needed) await enqueue(queue, { needs: [task] })
    const { fence } = await one(queue)
    const report = { task, outcome: 'done' }
    const { tasks } = await call('task_settle', {
      p_items: [
        { ...report, fence: fence - 1, result: 'stale' },
        { ...report, fence, result: 'first' },
        { ...report, fence, result: 'second' },
      ],
    })
    expect(rowsOf(tasks).map(({ status }) => status)).toEqual(['stale', 'done', 'done'])
    expect(await get(task)).toMatchObject({ status: 'done', result: 'first' })
  }
})

test('reports are answered in their order, whatever that of the tasks is', async () => {
  const queue = newQueue()
  await enqueue(queue, {}, {}, {})
  const [first, second, third] = await claim(queue, 3)
  const reported = [third, first, second].map((held) => ({
    task: held?.task ?? '',
    fence: held?.fence ?? 0,
    result: held?.task ?? '',
  }))
  const settle = () => call('task_settle', { p_items: reported.map((item) => ({ ...item, outcome: 'done' })) })
  for (const answer of [await settle(), await settle()]) {
    expect(rowsOf(answer['tasks']).map(({ task }) => task)).toEqual(reported.map(({ task }) => task))
  }
  for (const { task } of reported) expect(await get(task)).toMatchObject({ status: 'done', result: task })
})

test('a beat renews the claim and shows progress', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, {})
  const { fence } = await one(queue)
  const beat = await call('task_beat', {
    p_tasks: [task],
    p_fences: [fence],
    p_lease_s: 3_600,
    p_progress: { page: 2 },
  })
  expect(beat).toMatchObject({ held: 1, lost: [] })
  const { leased_until, progress } = await get(task)
  expect(progress).toEqual({ page: 2 })
  expect(Date.parse(String(leased_until)) - Date.now()).toBeGreaterThan(3_000_000)
})

test('fails into a later attempt, and into death after the last one', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, { max_attempts: 2 })
  const first = await one(queue)
  expect(await fail(first)).toMatchObject({ status: 'ready' })
  expect(await fail(first)).toMatchObject({ status: 'ready', replayed: true })
  expect(await fail(await one(queue))).toMatchObject({ status: 'dead' })
  expect(await get(task)).toMatchObject({ status: 'dead', error: 'no', attempt: 2 })
  const [event] = await on.sql(`select project, data from core.event where topic = 'task' and data ->> 'task' = $1`, [
    task,
  ])
  expect(event).toMatchObject({ project, data: { queue, error: 'no' } })
  expect(await call('task_retry', { p_task: task })).toMatchObject({ retried: true, status: 'ready', attempt: 0 })
  expect(await call('task_retry', { p_task: task })).toMatchObject({ retried: false })
  expect(await complete(await one(queue))).toMatchObject({ status: 'done' })
  expect(await call('task_retry', { p_task: task })).toMatchObject({ ok: false, code: 'task_done' })
})

test('a task whose workers keep dying ends dead', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, { max_attempts: 2 })
  await one(queue)
  await lose(task)
  await one(queue)
  await lose(task)
  expect(await claim(queue)).toEqual([])
  expect(await get(task)).toMatchObject({ status: 'dead', error: 'the worker was lost' })
})

test('backs off before it is tried again, longer each time', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, { backoff_ms: 60_000 })
  expect(await fail(await one(queue), { p_delay_ms: null })).toMatchObject({ status: 'scheduled' })
  expect(await claim(queue)).toEqual([])
  const waits = async () => Date.parse(String((await get(task))['run_at'])) - Date.now()
  expect(await waits()).toBeGreaterThan(25_000)
  await on.sql(`update core.task set run_at = clock_timestamp() where id = $1`, [task])
  await fail(await one(queue), { p_delay_ms: null })
  expect(await waits()).toBeGreaterThan(55_000)
})

test('released, it is ready again and the attempt is not counted', async () => {
  const queue = newQueue()
  await enqueue(queue, {})
  const { task, fence } = await one(queue)
  expect(await call('task_release', { p_task: task, p_fence: fence })).toMatchObject({ status: 'ready' })
  expect(await one(queue)).toMatchObject({ task, attempt: 1 })
})

test('with a delay it is not ready before', async () => {
  const queue = newQueue()
  await enqueue(queue, { delay_ms: 300 }, { run_at: '2030-01-01T00:00:00Z' })
  expect(await claim(queue, 10)).toEqual([])
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(await claim(queue, 10)).toHaveLength(1)
})

describe('keys', () => {
  test('the same key again is the same task, open or ended', async () => {
    const queue = newQueue()
    const key = uuidv7()
    const send = async () =>
      rowsOf((await call('task_enqueue', { p_queue: queue, p_tasks: [{ key, kind: 'work' }] }))['tasks'])
    const [first] = await send()
    expect(first).toMatchObject({ outcome: 'enqueued' })
    expect(await send()).toMatchObject([{ task: first?.['task'], outcome: 'replayed' }])
    await complete(await one(queue))
    expect(await send()).toMatchObject([{ task: first?.['task'], outcome: 'replayed' }])
    expect(await claim(queue)).toEqual([])
  })

  test('of a batch what is new is enqueued, and each key once', async () => {
    const queue = newQueue()
    const [a, b, c, d] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()]
    const send = async (...tasks: Record<string, JsonInput>[]) =>
      rowsOf(
        (await call('task_enqueue', { p_queue: queue, p_tasks: tasks.map((task) => ({ kind: 'work', ...task })) }))[
          'tasks'
        ],
      )
    const outcomes = (rows: readonly Row[]) => rows.map(({ key, outcome }) => [key, outcome])
    await send({ key: b }, { key: c, unique_key: 'u' })
    for (const special of [{}, { max_attempts: 3 }]) {
      const key = uuidv7()
      const rows = await send({ key, ...special }, { key: b }, { key, payload: { second: true } })
      expect(outcomes(rows)).toEqual([
        [key, 'enqueued'],
        [b, 'replayed'],
        [key, 'replayed'],
      ])
      expect(rows[2]?.['task']).toBe(rows[0]?.['task'])
    }
    expect(outcomes(await send({ key: a }, { key: d, unique_key: 'u' }))).toEqual([
      [a, 'enqueued'],
      [d, 'exists'],
    ])
    const claimed = await claim(queue, 10)
    expect(claimed).toHaveLength(5)
    await call('task_settle', { p_items: claimed.map(({ task, fence }) => ({ task, fence, outcome: 'done' })) })
    // The key of one that was not enqueued names nothing.
    expect(outcomes(await send({ key: d, unique_key: 'u' }, { key: c, unique_key: 'u' }))).toEqual([
      [d, 'enqueued'],
      [c, 'replayed'],
    ])
  })

  test('twice in a call and not enqueued, because another has its unique key, exists both times', async () => {
    const queue = newQueue()
    const [there = ''] = await enqueue(queue, { unique_key: 'u' })
    for (const again of [{}, { unique_key: 'free' }, { unique_key: 'u' }]) {
      const key = uuidv7()
      const { tasks } = await call('task_enqueue', {
        p_queue: queue,
        p_tasks: [
          { key, kind: 'work', unique_key: 'u' },
          { key, kind: 'work', ...again },
        ],
      })
      expect(tasks).toEqual([1, 2].map(() => ({ task: there, key, outcome: 'exists' })))
    }
    expect(await claim(queue, 10)).toHaveLength(1)
  })

  test('names a task of its own project, though a sibling has the same key', async () => {
    const [queue, key, fresh] = [newQueue(), uuidv7(), uuidv7()]
    const projects = [project, 'a_sibling']
    await on.database.rpc('project_register', { p_name: 'a_sibling' })
    const send = async (p_project: string, ...keys: string[]) => {
      const p_tasks = keys.map((each) => ({ key: each, kind: 'work' }))
      return rowsOf((await call('task_enqueue', { p_queue: queue, p_tasks, p_project }))['tasks'])
    }
    const made = await Promise.all(projects.map((each) => send(each, key)))
    expect(made.flat()).toMatchObject([{ outcome: 'enqueued' }, { outcome: 'enqueued' }])
    for (const [at, each] of projects.entries()) {
      const task = made[at]?.[0]?.['task']
      expect(await send(each, key, fresh)).toMatchObject([{ task, outcome: 'replayed' }, { outcome: 'enqueued' }])
      expect(await call('task_get', { p_task: String(task), p_project: each })).toMatchObject({ project: each })
    }
  })

  test('enqueued by many while it is worked on, it is there once', async () => {
    const queue = newQueue()
    const key = uuidv7()
    let done = 0
    const send = () => call('task_enqueue', { p_queue: queue, p_tasks: [{ key, kind: 'work' }] })
    const work = async () => {
      for (const claimed of await claim(queue)) {
        await complete(claimed)
        done++
      }
    }
    await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 2 ? work() : send())))
    await work()
    expect(done).toBe(1)
  })

  test('a unique key has one open task at a time', async () => {
    const queue = newQueue()
    const send = () => enqueue(queue, { unique_key: 'nightly' })
    const all = await Promise.all(Array.from({ length: 8 }, send))
    expect(new Set(all.flat()).size).toBe(1)
    await complete(await one(queue))
    const [next] = await send()
    expect(next).not.toBe(all[0]?.[0])
  })
})

describe('needs', () => {
  const needing = async (queue: string, ...needs: string[]) => (await enqueue(queue, { needs }))[0] ?? ''

  test('wait for all of them, in whatever order they end', async () => {
    const queue = newQueue()
    const needs = await enqueue(queue, {}, {}, {}, {})
    const task = await needing(newQueue(), ...needs)
    expect(await get(task)).toMatchObject({ status: 'pending', open_needs: 4 })
    await Promise.all((await claim(queue, 4)).map((claimed) => complete(claimed)))
    expect(await get(task)).toMatchObject({ status: 'ready', open_needs: 0 })
  })

  test('enqueued while its need is ending, it never waits for what is over', async () => {
    for (let round = 0; round < 20; round++) {
      const [queue, other] = [newQueue(), newQueue()]
      const [need = ''] = await enqueue(queue, {})
      const claimed = await one(queue)
      const [task] = await Promise.all([needing(other, need), complete(claimed)])
      expect(await get(task)).toMatchObject({ status: 'ready' })
    }
  })

  test('of which one is dead block, say so, and are released by its retry', async () => {
    const [queue, other] = [newQueue(), newQueue()]
    const [first = '', second = ''] = await enqueue(queue, { max_attempts: 1 }, {})
    const task = await needing(other, first, second)
    await fail(await one(queue))
    expect(await get(task)).toMatchObject({ status: 'blocked', failed_needs: 1, open_needs: 1 })
    const late = await needing(other, first)
    expect(await get(late)).toMatchObject({ status: 'blocked' })
    await call('task_retry', { p_task: first })
    expect(await get(task)).toMatchObject({ status: 'pending', failed_needs: 0, open_needs: 2 })
    for (const claimed of await claim(queue, 2)) await complete(claimed)
    expect(await get(task)).toMatchObject({ status: 'ready' })
    expect(await get(late)).toMatchObject({ status: 'ready' })
  })

  test('that are not known are refused, and nothing is enqueued', async () => {
    const queue = newQueue()
    await expect(needing(queue, uuidv7())).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'needs' } })
    expect(await call('task_list', { p_queue: queue })).toMatchObject({ tasks: [] })
  })
})

describe('groups', () => {
  test('never run more at a time than they may, however many claim', async () => {
    const queue = newQueue()
    await call('task_group_set', { p_queue: queue, p_group: 'api', p_concurrency: 3 })
    await enqueue(queue, ...Array.from({ length: 60 }, () => ({ group: 'api' })))
    await enqueue(queue, ...Array.from({ length: 10 }, () => ({ group: 'other' })))
    let running = 0
    let most = 0
    let done = 0
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let empty = 0; empty < 200 && done < 70; empty++) {
          for (const claimed of await claim(queue, 4)) {
            empty = 0
            most = Math.max(most, ++running)
            await new Promise((resolve) => setTimeout(resolve, 2))
            running--
            await complete(claimed)
            done++
          }
        }
      }),
    )
    expect(done).toBe(70)
    expect(most).toBeLessThanOrEqual(4)
    expect(await on.sql(`select from core.task_slot where task is not null`)).toEqual([])
  })

  test('a lowered limit binds as soon as what runs has ended', async () => {
    const queue = newQueue()
    const set = (p_concurrency: number) => call('task_group_set', { p_queue: queue, p_group: 'g', p_concurrency })
    await set(3)
    await enqueue(queue, ...Array.from({ length: 6 }, () => ({ group: 'g' })))
    const running = await claim(queue, 10)
    expect(running).toHaveLength(3)
    await set(1)
    for (const claimed of running) await complete(claimed)
    expect(await claim(queue, 10)).toHaveLength(1)
  })

  test('a slot of a worker that died is free again', async () => {
    const queue = newQueue()
    const [task = ''] = await enqueue(queue, { group: 'g' }, { group: 'g' })
    await one(queue)
    expect(await claim(queue, 10)).toEqual([])
    await lose(task)
    expect(await claim(queue, 10)).toHaveLength(1)
  })

  test('grouped and other tasks come by priority', async () => {
    const queue = newQueue()
    await enqueue(queue, { payload: 'plain' }, { payload: 'grouped', group: 'g', priority: 1 })
    expect(await one(queue)).toMatchObject({ payload: 'grouped' })
  })

  test('without tasks they leave nothing behind', async () => {
    const queue = newQueue()
    await enqueue(queue, { group: 'gone' })
    await complete(await one(queue))
    await on.database.rpc('task_sweep', {})
    expect(await on.sql('select from core.task_slot where queue = $1', [queue])).toEqual([])
    await enqueue(queue, { group: 'gone' })
    expect(await claim(queue)).toHaveLength(1)
  })
})

test('cancelled while it runs, it is lost to its worker', async () => {
  const queue = newQueue()
  const [task = ''] = await enqueue(queue, {})
  const claimed = await one(queue)
  expect(await call('task_cancel', { p_task: task })).toMatchObject({ cancelled: true, status: 'cancelled' })
  expect(await call('task_cancel', { p_task: task })).toMatchObject({ cancelled: false, status: 'cancelled' })
  expect(await complete(claimed)).toMatchObject({ code: 'task_stale' })
})

test('the sweep forgets what ended long ago, but not what is waited for', async () => {
  const queue = newQueue()
  const key = uuidv7()
  const [old = '', dead = ''] = await enqueue(queue, { key }, { max_attempts: 1 })
  const [first, second] = await claim(queue, 2)
  if (first && second) await Promise.all([complete(first), fail(second)])
  await enqueue(newQueue(), { needs: [dead] })
  await on.sql(`update core.task_done set finished_at = finished_at - interval '8 days' where id = any ($1)`, [
    [old, dead],
  ])
  await on.database.rpc('task_sweep', {})
  await expect(get(old)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  expect(await get(dead)).toMatchObject({ status: 'dead' })
  const [again = ''] = await enqueue(queue, { key })
  expect(again).not.toBe(old)
  expect(await get(again)).toMatchObject({ status: 'ready' })
})

test('the sweep leaves a group its turn, in whatever state its tasks are', async () => {
  const [queue, other] = [newQueue(), newQueue()]
  const [need = '', bad = ''] = await enqueue(other, {}, { max_attempts: 1, priority: 0 })
  await enqueue(
    queue,
    { group: 'ready' },
    { group: 'scheduled', delay_ms: 3_600_000 },
    { group: 'pending', needs: [need] },
    { group: 'blocked', needs: [bad] },
  )
  await fail(await one(other))
  const { tasks: open } = await call('task_list', { p_queue: queue })
  expect(rowsOf(open).map(({ status, group }) => [status, group])).toEqual(
    ['blocked', 'pending', 'scheduled', 'ready'].map((state) => [state, state]),
  )
  await on.database.rpc('task_sweep', {})
  await on.sql(`update core.task set run_at = clock_timestamp() where queue = $1 and state = 'scheduled'`, [queue])
  await call('task_retry', { p_task: bad })
  for (const claimed of await claim(other, 2)) await complete(claimed)
  expect(await claim(queue, 10)).toHaveLength(4)
})

test('a project has 1,000,000 open tasks at most', async () => {
  await on.database.rpc('project_register', { p_name: 'full' })
  await on.sql(
    `insert into core.task_count (project, queue, ready, waiting, running, blocked, counted_at) values ('full', 'q', 1000000, 0, 0, 0, clock_timestamp())`,
  )
  const args = { p_queue: 'q', p_tasks: [{ key: 'k', kind: 'work' }], p_project: 'full' }
  expect(await on.database.rpc('task_enqueue', args)).toMatchObject({
    ok: false,
    code: 'bound_reached',
    limit: 1_000_000,
  })
})

test('the figures of a queue are counted', async () => {
  const queue = newQueue()
  const [need = ''] = await enqueue(queue, {}, {}, { delay_ms: 60_000 })
  await one(queue)
  await enqueue(queue, {}, { priority: 200, group: 'g' }, { needs: [need] })
  const killed = await one(queue)
  await fail(killed, { p_delay_ms: null, p_retry: false })
  await on.sql('delete from core.task_count')
  const { queues: counted } = await call('task_stats', {})
  expect(rowsOf(counted).find((row) => row['queue'] === queue)).toMatchObject({
    ready: 2,
    waiting: 2,
    running: 1,
    blocked: 0,
    dead: 1,
  })
  const open = rowsOf((await call('task_list', { p_queue: queue }))['tasks'])
  expect(open.map(({ status }) => status).sort()).toEqual(['pending', 'ready', 'ready', 'running', 'scheduled'])
  const { tasks: dead } = await call('task_list', { p_queue: queue, p_status: 'dead' })
  expect(rowsOf(dead)).toMatchObject([{ task: killed.task, status: 'dead', error: 'no' }])
  const totals = Object(await on.database.rpc('task_totals', {}))
  for (const figure of ['ready', 'waiting', 'running', 'dead']) expect(totals[figure]).toBeGreaterThan(0)
})

test.each<[string, JsonInput]>([
  ['tasks', []],
  ['tasks[0]', [5]],
  ['tasks[0]', [{ key: 'k', kind: 'a', colour: 1 }]],
  ['tasks[0].key', [{ kind: 'a' }]],
  [
    'tasks[1].kind',
    [
      { key: 'k', kind: 'a' },
      { key: 'l', kind: ' ' },
    ],
  ],
  ['tasks[0].priority', [{ key: 'k', kind: 'a', priority: 1_001 }]],
  ['tasks[0].group', [{ key: 'k', kind: 'a', group: 5 }]],
  ['tasks[0].needs', [{ key: 'k', kind: 'a', needs: ['x'] }]],
  ['tasks[0].run_at', [{ key: 'k', kind: 'a', run_at: 'soon' }]],
  ['tasks[0].payload', [{ key: 'k', kind: 'a', payload: 'x'.repeat(65_537) }]],
  ['tasks', Array.from({ length: 1_001 }, (_, index) => ({ key: `k${index}`, kind: 'a' }))],
])('a bad %s is refused by its place', async (field, p_tasks) => {
  await expect(call('task_enqueue', { p_queue: newQueue(), p_tasks })).rejects.toMatchObject({
    code: expect.stringMatching(/^E_(INVALID|TOO_LARGE)$/),
    details: { field },
  })
})

test('the function itself refuses a number that cannot be stored, with its place', async () => {
  const tasks = '[{"key": "k", "kind": "a", "payload": {"list": [1, {"deep": 1e300}]}}]'
  const sent = on.sql(
    `select core_api.task_enqueue(p_queue => 'direct', p_tasks => $1::jsonb, p_project => 'smart_layer')`,
    [tasks],
  )
  await expect(sent).rejects.toMatchObject({ detail: expect.stringContaining('tasks[0].payload') })
})

test('the place of a number that cannot be stored is named in full', async () => {
  const p_tasks = [{ key: 'k', kind: 'a', payload: { list: [1, { deep: 1e300 }] } }]
  const refused = call('task_enqueue', { p_queue: newQueue(), p_tasks })
  await expect(refused).rejects.toMatchObject({ details: { place: 'p_tasks[0].payload.list[1].deep' } })
})

test('works the same in the embedded database', { timeout: 180_000 }, async () => {
  await using database = await openEmbeddedDatabase()
  await database.rpc('project_register', { p_name: project })
  const p_tasks = [{ key: 'a', kind: 'work', group: 'g' }]
  await database.rpc('task_enqueue', { p_queue: 'q', p_tasks, p_project: project })
  const { tasks } = Object(await database.rpc('task_claim', { p_queues: ['q'], p_worker: 'w', p_project: project }))
  const { task, fence } = tasks[0]
  expect(await database.rpc('task_complete', { p_task: task, p_fence: fence, p_project: project })).toMatchObject({
    status: 'done',
  })
})
