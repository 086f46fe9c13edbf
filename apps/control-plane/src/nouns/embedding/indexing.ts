import { callable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { Loop } from '../../process/loop.ts'
import type { Kernel } from '../../process/noun.ts'

const everyMs = 60_000

interface IndexDependencies extends Pick<Kernel, 'buildVectorIndex'> {
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
}

/** Builds indexes of spaces that have grown enough for one. Searches compare all items until it is ready. */
export function indexLoop({ database, buildVectorIndex, logger }: IndexDependencies): Loop {
  return {
    name: 'index embeddings',
    everyMs,
    async work(signal) {
      const { generations } = await callable(database, embeddingIndexDue)({}, { signal })
      const set = callable(database, embeddingIndexSet)
      let built = 0
      for (const { generation, dims, metric, model } of generations) {
        const type = await buildVectorIndex({ generation, dims, metric }, { signal })
        if (type === undefined) continue // another process builds it
        await set({ generation, state: 'ready', type }, { signal })
        logger.info({ generation, model }, 'an index of embeddings is ready')
        built += 1
      }
      return built
    },
  }
}
