import { callable, embeddingEnable, embeddingSweep } from '@core/api/functions'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { drainLoop } from './draining.ts'
import { embeddedPolicy, indexLoop, serverPolicy } from './indexing.ts'
import { registerEmbeddingMetrics } from './metrics.ts'
import { createOpenEmbeddings } from './open-embeddings.ts'
import { createEmbeddingRoutes } from './routes.ts'

const sweepEveryMs = 60_000
const sweptAtOnce = 1_000

/** Texts by meaning. The control plane embeds with the local model and those of its router; programs with the package use any. */
export const embedding: CreateNoun = ({ database, unguarded, buildVectorIndex, modelCalls, logger, clock }) => {
  const open = createOpenEmbeddings({ database, modelCalls, logger })
  let enabled: Promise<unknown> | undefined
  return {
    routes: createEmbeddingRoutes({
      open,
      modelCalls,
      // The embedded database is this process's own, and comes with the extension; a server's owner enables it.
      async enable() {
        if (database.driver !== 'embedded') return
        enabled ??= callable(unguarded, embeddingEnable)({})
        try {
          await enabled
        } catch (error) {
          enabled = undefined
          throw error
        }
      },
    }),
    loops: [
      drainLoop({ database, open, logger }),
      indexLoop({
        database,
        buildVectorIndex,
        policy: database.driver === 'embedded' ? embeddedPolicy : serverPolicy,
        logger,
      }),
      {
        name: 'sweep embeddings',
        everyMs: sweepEveryMs,
        work(signal) {
          const sweep = callable(database, embeddingSweep)
          return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
        },
      },
    ],
    metrics: (registry) => registerEmbeddingMetrics({ registry, database: unguarded, logger, clock }),
    denials: {
      model_mismatch: ({ space, provider, model }) => `the space ${space} has vectors of ${provider}/${model}`,
      model_changed: () => 'the space has changed to another model meanwhile',
    },
  }
}
