import type { ClaimedTask, Coordinator } from '@core/coordinator'
import { Logger, run, runOnce, type WorkerUtils } from 'graphile-worker'
import type { PgBoss } from 'pg-boss'
import type { Contestant } from '../measure.ts'

export const batchSize = 500
const queue = 'bench'
const payload = { doc: 7 }
/** Lines for each job would be part of what is measured. */
export const silent = new Logger(() => () => {})

/** What each of three queues does: enqueue, and claim and finish, one by one and in batches. */
export interface Queue {
  readonly name: string
  enqueue(): Promise<unknown>
  enqueueBatch(count: number): Promise<unknown>
  /** Claims and finishes so many that are there, one after the other. */
  work(count: number): Promise<unknown>
  workBatch(count: number): Promise<unknown>
}

/** As its worker does: a report claims the next task in the same call; batches are reported while the next one is claimed. */
export function ownQueue({ tasks }: Coordinator): Queue {
  const toReports = (claimed: readonly ClaimedTask[]) =>
    claimed.map(({ id: task, fence }) => ({ task, fence, outcome: 'done' as const }))
  async function claim(limit: number): Promise<ClaimedTask[]> {
    const claimed = await tasks.claim({ queues: [queue], worker: 'bench', limit })
    if (claimed.length === 0) throw new Error('nothing to claim')
    return claimed
  }
  return {
    name: 'core',
    enqueue: () => tasks.enqueue(queue, { kind: 'k', payload }),
    enqueueBatch: (count) =>
      tasks.enqueueMany(
        queue,
        Array.from({ length: count }, () => ({ kind: 'k', payload })),
      ),
    async work(count) {
      let claimed = await claim(1)
      for (let left = count - 1; left > 0; left--) {
        claimed = (await tasks.next(toReports(claimed), { queues: [queue], worker: 'bench', limit: 1 })).claimed
      }
      await tasks.settle(toReports(claimed))
    },
    async workBatch(count) {
      let claimed = await claim(Math.min(batchSize, count))
      for (let left = count - claimed.length; left > 0; left -= claimed.length) {
        const [next] = await Promise.all([claim(Math.min(batchSize, left)), tasks.settle(toReports(claimed))])
        claimed = next
      }
      await tasks.settle(toReports(claimed))
    },
  }
}

export async function pgBossQueue(boss: PgBoss): Promise<Queue> {
  await boss.createQueue(queue)
  async function work(count: number, limit: number): Promise<void> {
    for (let done = 0; done < count; ) {
      const jobs = await boss.fetch(queue, { batchSize: Math.min(limit, count - done) })
      if (jobs.length === 0) throw new Error('nothing to fetch')
      await boss.complete(
        queue,
        jobs.map(({ id }) => id),
      )
      done += jobs.length
    }
  }
  return {
    name: 'pg-boss',
    enqueue: () => boss.send(queue, payload),
    enqueueBatch: (count) =>
      boss.insert(
        queue,
        Array.from({ length: count }, () => ({ data: payload })),
      ),
    work: (count) => work(count, 1),
    workBatch: (count) => work(count, batchSize),
  }
}

/** Its workers run until nothing is left; the batch is its local queue with delayed completion. */
export function graphileQueue(utils: WorkerUtils, connectionString: string): Queue {
  return {
    name: 'graphile-worker',
    enqueue: () => utils.addJob('k', payload),
    enqueueBatch: (count) => utils.addJobs(Array.from({ length: count }, () => ({ identifier: 'k', payload }))),
    async work(count) {
      let done = 0
      await runOnce({
        logger: silent,
        connectionString,
        concurrency: 1,
        noHandleSignals: true,
        taskList: { k: () => void done++ },
      })
      if (done < count) throw new Error(`${done} of ${count} jobs were done`)
    },
    async workBatch(count) {
      const all = Promise.withResolvers<void>()
      let done = 0
      const runner = await run({
        logger: silent,
        noHandleSignals: true,
        taskList: {
          k: () => {
            if (++done === count) all.resolve()
          },
        },
        preset: {
          worker: { connectionString, concurrentJobs: 24, localQueue: { size: batchSize }, completeJobBatchDelay: 0 },
        },
      })
      await all.promise
      await runner.stop()
    },
  }
}

export type Act = 'enqueue' | 'enqueueBatch' | 'work' | 'workBatch'

/** One act of one queue, as it is measured. What is worked on is enqueued before. */
export function toContestant(of: Queue, act: Act): Contestant {
  const { name } = of
  if (act === 'enqueue') {
    return {
      name,
      async run(count) {
        for (let at = 0; at < count; at++) await of.enqueue()
        return []
      },
    }
  }
  if (act === 'enqueueBatch') {
    return {
      name,
      step: batchSize,
      async run(count) {
        for (let at = 0; at < count; at += batchSize) await of.enqueueBatch(batchSize)
        return []
      },
    }
  }
  return {
    name,
    step: act === 'work' ? 1 : batchSize,
    async prepare(count) {
      for (let left = count; left > 0; left -= batchSize) await of.enqueueBatch(Math.min(left, batchSize))
    },
    async run(count) {
      await of[act](count)
      return []
    },
  }
}
