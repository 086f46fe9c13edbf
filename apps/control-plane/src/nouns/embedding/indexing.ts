import { callable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { Loop } from '../../process/loop.ts'
import type { Kernel } from '../../process/noun.ts'

/** When an index is built. */
export interface IndexPolicy {
  readonly everyMs: number
  /** Fewer items are compared one by one. */
  readonly least?: number
  /** More are left to `core embeddings reindex`. */
  readonly most?: number
}

export const serverPolicy: IndexPolicy = { everyMs: 60_000 }
/**
 * The embedded database does one thing at a time: an index is built while that takes a few seconds, and grows with the writes
 * after it.
 */
export const embeddedPolicy: IndexPolicy = { everyMs: 10_000, least: 3_000, most: 6_000 }

interface IndexDependencies extends Pick<Kernel, 'buildVectorIndex'> {
  readonly policy: IndexPolicy
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
}

/** Builds indexes of spaces that have grown enough for one. Searches compare all items until it is ready. */
export function indexLoop({ database, buildVectorIndex, policy, logger }: IndexDependencies): Loop {
  const { least, most } = policy
  return {
    name: 'index embeddings',
    everyMs: policy.everyMs,
    async work(signal) {
      const { generations } = await callable(database, embeddingIndexDue)({ least, most }, { signal })
      const set = callable(database, embeddingIndexSet)
      let built = 0
      const failures: unknown[] = []
      for (const { generation, dims, metric, model } of generations) {
        try {
          const type = await buildVectorIndex({ generation, dims, metric }, { signal })
          if (type === undefined) continue // another process builds it
          await set({ generation, state: 'ready', type }, { signal })
          logger.info({ generation, model }, 'an index of embeddings is ready')
          built += 1
        } catch (error) {
          if (signal.aborted) throw error
          // Those of other spaces are not to wait for it.
          failures.push(error)
          logger.warn({ generation, model, err: error }, 'an index of embeddings was not built')
        }
      }
      if (failures.length > 0) throw failures[0]
      return built
    },
  }
}
