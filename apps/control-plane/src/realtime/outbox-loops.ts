import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import { z } from 'zod'
import { type LoopReport, startLoop } from '../process/loop.ts'
import type { Realtime } from './realtime.ts'

export interface OutboxLoopsDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly realtime: { readonly subscriptions: Pick<Realtime['subscriptions'], 'has'> }
  readonly logger: Logger
  readonly report?: LoopReport | undefined
}

const publishEveryMs = 300
const trimEveryMs = 60_000
const trimmedAtOnce = 10_000

/** What keeps the outbox in order: balances go in while somebody hears them, old events go out. */
export function startOutboxLoops({ database, realtime, logger, report }: OutboxLoopsDependencies): AsyncDisposable {
  const stack = new AsyncDisposableStack()
  stack.use(
    startLoop({
      name: 'publish balances',
      everyMs: publishEveryMs,
      work: async (signal) => {
        if (realtime.subscriptions.has('ledger.balance')) await publishBalances(database, signal)
      },
      logger,
      report,
    }),
  )
  stack.use(
    startLoop({
      name: 'trim the outbox',
      everyMs: trimEveryMs,
      work: (signal) => trimOutbox(database, signal),
      logger,
      report,
    }),
  )
  return stack
}

const publishSchema = z.object({ more: z.boolean() })

/** Writes the balances that have changed since the last call to the outbox. Nothing is missed while nobody calls. */
export async function publishBalances(database: Pick<Database, 'rpc'>, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted) {
    const { more } = publishSchema.parse(await database.rpc('ledger_publish', {}, { signal }))
    if (!more) return
  }
}

const trimSchema = z.object({ trimmed: z.int() })

/** Forgets events that are older than what the outbox keeps (seven days). */
export async function trimOutbox(database: Pick<Database, 'rpc'>, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted) {
    const { trimmed } = trimSchema.parse(await database.rpc('event_trim', { p_limit: trimmedAtOnce }, { signal }))
    if (trimmed < trimmedAtOnce) return
  }
}
