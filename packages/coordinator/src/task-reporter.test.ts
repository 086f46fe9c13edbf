import { silentLogger, systemClock } from '@core/foundation'
import { expect, test } from 'vitest'
import { createTaskReporter } from './task-reporter.ts'
import type { TaskOutcome, TaskReport } from './tasks.ts'

test('a report that comes while the call before it ends is sent, however late in that', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const settle = async (reports: readonly TaskReport[]): Promise<TaskOutcome[]> =>
      reports.map(({ task }) => ({ task, status: 'done' }))
    const dependencies = { clock: systemClock, random: Math.random, logger: silentLogger, giveUpMs: 1_000 }
    const second = Promise.withResolvers<TaskOutcome | undefined>()
    const reporter = createTaskReporter({
      ...dependencies,
      settle,
      async settleMany(reports) {
        if (reports[0]?.task === 'first') void later()
        return settle(reports)
      },
    })
    async function later(): Promise<void> {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      second.resolve(await reporter.report({ task: 'second', fence: 2, outcome: 'done' }))
    }
    await reporter.report({ task: 'first', fence: 1, outcome: 'done' })
    const limit = new Promise((resolve) => setTimeout(resolve, 1_000, 'never'))
    expect(await Promise.race([second.promise, limit])).toEqual({ task: 'second', status: 'done' })
  }
})
