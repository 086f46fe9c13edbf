import { silentLogger, systemClock } from '@core/foundation'
import { afterEach, expect, test, vi } from 'vitest'
import type { ClaimedTask } from './tasks.ts'
import { runWorker } from './worker.ts'

afterEach(() => vi.restoreAllMocks())

test('a worker that is busy leaves no listener on its own signal, however many tasks it has run', async () => {
  const added = vi.spyOn(EventTarget.prototype, 'addEventListener')
  const removed = vi.spyOn(EventTarget.prototype, 'removeEventListener')
  const all = 200
  let given = 0
  const take = (limit: number): ClaimedTask[] =>
    Array.from({ length: Math.min(limit, all - given) }, () =>
      Object({ id: String(given), fence: given++, kind: 'work', queue: 'q', payload: null, attempt: 1 }),
    )
  const ended = Promise.withResolvers<void>()
  let done = 0
  await using _worker = await runWorker(
    {
      tasks: {
        claim: async ({ limit = 1 }) => take(limit),
        beat: async () => [],
        settle: async (reports) => reports.map(({ task }) => ({ task, status: 'done' })),
      },
      clock: systemClock,
      logger: silentLogger,
      random: Math.random,
      openBeats: async () => ({ hold() {}, drop() {}, async [Symbol.asyncDispose]() {} }),
    },
    {
      queues: ['q'],
      concurrency: 1,
      signals: [],
      async handlers() {
        if (++done === all) ended.resolve()
        return undefined
      },
    },
  )
  await ended.promise
  expect(added.mock.calls.length - removed.mock.calls.length).toBeLessThan(5)
})
