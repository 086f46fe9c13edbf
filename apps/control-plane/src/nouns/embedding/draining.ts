import { callable, embeddingDue, embeddingMigrateSwap, embeddingStats } from '@core/api/functions'
import type { Database } from '@core/database'
import { createEmbeddings } from '@core/embeddings'
import type { Logger } from '@core/foundation'
import type { Loop } from '../../process/loop.ts'

const everyMs = 5_000
/** Items of one space in one run, so that the other spaces have their turn. */
const perSpace = 1_000

/** Embeds what waits for a vector of the local model, and ends migrations to it that are complete. */
export function drainLoop(database: Pick<Database, 'rpc'>, logger: Logger): Loop {
  return {
    name: 'drain embeddings',
    everyMs,
    async work(signal) {
      const { spaces } = await callable(database, embeddingDue)({ provider: 'core' }, { signal })
      let handled = 0
      for (const { project, space, swaps } of spaces) {
        if (signal.aborted) break
        const embeddings = createEmbeddings({ database, project, logger, cache: { database: false, memoryItems: 1 } })
        handled += await embeddings.space(space).drain({ limit: perSpace, signal })
        if (!swaps) continue
        const { next, queued, unfilled } = await callable(database, embeddingStats)({ space, project }, { signal })
        if (next === null || queued > 0 || unfilled > 0) continue
        await callable(database, embeddingMigrateSwap)({ space, project }, { signal })
        logger.info({ project, space, model: next.model }, 'the space has changed to another model')
      }
      return handled
    },
  }
}
