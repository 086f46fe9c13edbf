import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

const project = 'smart_layer'
const rounds = 2_000
const finished = 1_000_000
const waiting = 100_000

/** A database whose tables no vacuum comes to, with tasks to claim. */
async function open(tasks: { finished: number; waiting: number }) {
  const on = await createTestDatabase({ poolSize: 2 })
  await on.database.rpc('project_register', { p_name: project })
  await on.sql(
    ['task', 'task_done', 'task_key']
      .map((name) => `alter table core.${name} set (autovacuum_enabled = off)`)
      .join(';'),
  )
  await on.sql(
    `insert into core.task_done (id, project, queue, key, kind, payload, status, priority, attempt, max_attempts, backoff_ms, fence, created_at, created_by)
    select core.new_id(), $1, 'work', 'done' || n, 'k', '{}', 'done', 100, 1, 5, 1000, n, clock_timestamp(), 'test' from generate_series(1, $2::int) n`,
    [project, tasks.finished],
  )
  for (const [queue, count] of [
    ['warm', rounds],
    ['work', tasks.waiting],
  ]) {
    await on.sql(
      `insert into core.task (project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms)
      select $1, $2, $2 || n, 'k', '{}', 'ready', 100, clock_timestamp(), 5, 1000 from generate_series(1, $3::int) n`,
      [project, queue, count],
    )
  }
  await on.sql(
    `insert into core.task_key (key, project, task) select key, project, id from core.task_done union all select key, project, id from core.task`,
  )
  await on.sql('analyze core.task; analyze core.task_done; analyze core.task_key; checkpoint')
  return on
}

/** Claims and finishes in both by turns, so that what else the machine does holds up both alike. */
async function measure(queue: string, databases: readonly TestDatabase[]) {
  const measured = databases.map(({ database }) => ({
    tasks: createCoordinator({ database, project }).tasks,
    times: [] as number[],
  }))
  for (let at = 0; at < rounds; at++) {
    for (const { tasks, times } of measured) {
      const since = performance.now()
      const [claimed] = await tasks.claim({ queues: [queue], worker: 'w' })
      times.push(performance.now() - since)
      if (claimed === undefined) throw new Error('nothing to claim')
      await tasks.settle([{ task: claimed.id, fence: claimed.fence, outcome: 'done' }])
    }
  }
  return measured.map(({ times }) => {
    times.sort((a, b) => a - b)
    return { p50: times[Math.floor(rounds * 0.5)] ?? 0, p95: times[Math.floor(rounds * 0.95)] ?? 0 }
  })
}

test('a claim costs the same with 1,000,000 finished and 100,000 waiting tasks', { timeout: 900_000 }, async () => {
  await using opened = new AsyncDisposableStack()
  const databases = []
  for (const tasks of [
    { finished: 0, waiting: rounds },
    { finished, waiting },
  ]) {
    const on = await open(tasks)
    opened.defer(() => on.drop())
    databases.push(on)
  }
  await measure('warm', databases)
  const [small, large] = await measure('work', databases)
  console.info(`claim: ${JSON.stringify({ small, large })} ms`)
  if (small === undefined || large === undefined) throw new Error('two were measured')
  expect(large.p50).toBeLessThanOrEqual(small.p50 * 1.2 + 0.1) // a tenth of a millisecond is noise
  expect(large.p95).toBeLessThanOrEqual(small.p95 * 1.2 + 0.1)
})
