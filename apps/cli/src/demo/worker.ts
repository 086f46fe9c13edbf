import type { Client } from '@core/api/client'
import { type Clock, isCoreError, retry, uuidv7 } from '@core/foundation'
import type { Books } from './books.ts'

export interface WorkerSettings {
  client: Client
  project: string
  account: string
  /** Micro-credits: what a worker reserves lies between a tenth of it and all of it. */
  largestHold: number
  /** Seconds after which the hold of a crashed worker gives its credits back. */
  ttlSeconds: number
  books: Books
  clock: Clock
  /** In [0, 1). */
  random: () => number
  /** Ends the worker after the job it is at. */
  isOver: () => boolean
  signal: AbortSignal
}

/**
 * Does jobs until `isOver`: reserves, works, then settles (mostly below the hold, sometimes above it), voids,
 * or crashes. Every call that may have been lost is sent again with the same key, so that nothing happens twice.
 */
export async function runWorker(worker: WorkerSettings): Promise<void> {
  const { clock, random, signal } = worker
  while (!worker.isOver()) {
    const hold = await reserve(worker)
    if (hold === undefined) {
      await clock.sleep(100 + random() * 400, { signal })
      continue
    }
    await clock.sleep(10 + random() * 290, { signal })
    await finish(worker, hold)
  }
}

interface Hold {
  id: string
  granted: number
}

async function reserve(worker: WorkerSettings): Promise<Hold | undefined> {
  const { client, project, account, books } = worker
  const amount = Math.ceil(worker.largestHold * (0.1 + worker.random() * 0.9))
  try {
    const answer = await certain(worker, (options) =>
      client.reserveHold(
        { params: { project }, body: { account, amount, ttlSeconds: worker.ttlSeconds, over: 'cap' } },
        options,
      ),
    )
    books.lowestAvailable = Math.min(books.lowestAvailable, answer.available)
    return { id: answer.hold, granted: answer.granted }
  } catch (error) {
    const code = isCoreError(error) ? error.details['code'] : undefined
    if (code === 'insufficient_credits') books.deniedCredits++
    else if (code === 'budget_exhausted') books.deniedBudget++
    else throw error
    return undefined
  }
}

async function finish(worker: WorkerSettings, { id, granted }: Hold): Promise<void> {
  const { client, project, books, random } = worker
  const params = { project, id }
  const fate = random()
  if (fate < 0.12) {
    books.crashed++
  } else if (fate < 0.2) {
    try {
      await certain(worker, (options) => client.voidHold({ params, body: { reason: 'the job failed' } }, options))
      books.voided++
    } catch (error) {
      if (!isCoreError(error, 'E_CONFLICT')) throw error
      books.expired++ // the hold expired first, on a machine that is busy: its credits are back already
    }
  } else {
    const share = fate < 0.32 ? 1 + random() * 0.5 : random()
    const amount = Math.floor(granted * share)
    const answer = await certain(worker, (options) => client.settleHold({ params, body: { amount } }, options))
    books.settled++
    books.charged += answer.charged
    books.uncollected += answer.uncollected
    books.lowestAvailable = Math.min(books.lowestAvailable, answer.available)
  }
}

/** One effect, sent until it is answered. */
export function certain<Answer>(
  { clock, signal, books, random }: Pick<WorkerSettings, 'clock' | 'signal' | 'random'> & { books?: Books },
  call: (options: { idempotencyKey: string; signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const idempotencyKey = uuidv7()
  return retry(() => call({ idempotencyKey, signal }), {
    attempts: 40, // half a minute on average: long enough for a control plane that is restarted meanwhile
    baseMs: 50,
    capMs: 2_000,
    signal,
    clock,
    random,
    onRetry() {
      if (books) books.retried++
    },
  })
}
