import { callable, embeddingDue, embeddingMigrateSwap, embeddingStats } from '@core/api/functions'
import type { Database } from '@core/database'
import { isCoreError, type Logger } from '@core/foundation'
import type { Loop } from '../../process/loop.ts'
import { type OpenEmbeddings, routerProvider } from './open-embeddings.ts'

const everyMs = 5_000
/** Items of one space in one run, so that the other spaces have their turn. */
const perSpace = 1_000
/** Who calls models here, as the journal names it. */
const subject = 'core'

interface DrainDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly open: OpenEmbeddings
  readonly logger: Logger
}

/** Embeds what waits for a vector of the local model or of one of the router, and ends migrations that are complete. */
export function drainLoop({ database, open, logger }: DrainDependencies): Loop {
  async function drain(project: string, space: string, signal: AbortSignal): Promise<number> {
    try {
      return await open({ project, subject }).embeddings.space(space).drain({ limit: perSpace, signal })
    } catch (error) {
      // A project without credits, or a model without a price: its items are due again when their claim is over.
      if (!isCoreError(error, 'E_CONFLICT')) throw error
      logger.warn({ project, space, reason: error.message }, 'items of a space wait for a vector')
      return 0
    }
  }

  async function swap(project: string, space: string, signal: AbortSignal): Promise<void> {
    const now = await callable(database, embeddingStats)({ space, project }, { signal })
    const { next, items, queued, failed, unfilled } = now
    // Where writes never pause something always waits: one item in a hundred is embedded after the change.
    if (next === null || unfilled > 0 || failed > 0 || queued * 100 > items) return
    await callable(database, embeddingMigrateSwap)({ space, partial: true, project }, { signal })
    logger.info({ project, space, model: next.model }, 'the space has changed to another model')
  }

  return {
    name: 'drain embeddings',
    everyMs,
    async work(signal) {
      let handled = 0
      const failures: unknown[] = []
      for (const provider of ['core', routerProvider]) {
        const { spaces } = await callable(database, embeddingDue)({ provider }, { signal })
        for (const { project, space, swaps } of spaces) {
          if (signal.aborted) break
          try {
            handled += await drain(project, space, signal)
            if (swaps) await swap(project, space, signal)
          } catch (error) {
            // Dropped meanwhile, or something worse: the spaces of others are not to wait for it.
            if (isCoreError(error, 'E_NOT_FOUND')) continue
            failures.push(error)
            if (!signal.aborted) logger.warn({ project, space, err: error }, 'a space was not worked off')
          }
        }
      }
      if (failures.length > 0) throw failures[0]
      return handled
    },
  }
}
