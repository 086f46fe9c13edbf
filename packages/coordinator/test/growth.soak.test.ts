import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

const rounds = 2_000
const finished = 1_000_000
const waiting = 100_000

test('a claim costs the same with 1,000,000 finished and 100,000 waiting tasks', { timeout: 900_000 }, async () => {
  const on = await createTestDatabase({ poolSize: 2 })
  try {
    const project = 'smart_layer'
    await on.database.rpc('project_register', { p_name: project })
    const { tasks } = createCoordinator({ database: on.database, project })
    // As on a server that has not come to vacuum for a while.
    await on.sql(
      `alter table core.task set (autovacuum_enabled = off); alter table core.task_done set (autovacuum_enabled = off)`,
    )
    const measure = async (queue: string) => {
      const times: number[] = []
      for (let at = 0; at < rounds; at++) {
        const since = performance.now()
        const [claimed] = await tasks.claim({ queues: [queue], worker: 'w' })
        times.push(performance.now() - since)
        if (claimed === undefined) throw new Error('nothing to claim')
        await tasks.settle([{ task: claimed.id, fence: claimed.fence, outcome: 'done' }])
      }
      times.sort((a, b) => a - b)
      return { p50: times[Math.floor(rounds * 0.5)] ?? 0, p95: times[Math.floor(rounds * 0.95)] ?? 0 }
    }
    const fill = (queue: string, count: number) =>
      on.sql(
        `insert into core.task (project, queue, key, kind, payload, state, priority, run_at, max_attempts, backoff_ms)
        select $1, $2, $2 || n, 'k', '{}', 'ready', 100, clock_timestamp(), 5, 1000 from generate_series(1, $3::int) n`,
        [project, queue, count],
      )
    await fill('warm', rounds)
    await measure('warm')
    await fill('small', rounds)
    const small = await measure('small')
    await on.sql(
      `insert into core.task_done (id, project, queue, key, kind, payload, status, priority, attempt, max_attempts, backoff_ms, fence, created_at, created_by)
      select core.new_id(), $1, 'large', 'done' || n, 'k', '{}', 'done', 100, 1, 5, 1000, n, clock_timestamp(), 'test' from generate_series(1, $2::int) n`,
      [project, finished],
    )
    await fill('large', waiting)
    await on.sql('analyze core.task; analyze core.task_done; checkpoint')
    const large = await measure('large')
    console.info(`claim: ${JSON.stringify({ small, large })} ms`)
    expect(large.p95).toBeLessThanOrEqual(small.p95 * 1.2 + 0.1) // a tenth of a millisecond is noise
  } finally {
    await on.drop()
  }
})
