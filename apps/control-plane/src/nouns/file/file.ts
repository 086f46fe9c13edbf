import { createUrlSigner } from '@core/providers/storage'
import type { CreateNoun } from '../../process/noun.ts'
import { installContent } from './content.ts'
import { fileDenials } from './denials.ts'
import { createFileMetrics } from './metrics.ts'
import { fileRoutes } from './routes.ts'
import { createStores } from './stores.ts'
import { createFileSweep } from './sweeping.ts'
import { createTransfers } from './transfers.ts'

const sweepEveryMs = 15_000

/** Files of projects: the content in a store, what there is in the database. */
export const file: CreateNoun = ({ database, unguarded, config, logger, vault, publicUrl }) => {
  const sealer = {
    seal: vault.seal,
    open: (place: readonly string[], sealed: string) => vault.open(place, sealed).reveal(),
  }
  const signer = createUrlSigner({ baseUrl: publicUrl, sealer })
  const stores = createStores({ config, database, signer, logger })
  const metrics = createFileMetrics()
  const transfers = createTransfers({ stores, metrics, logger })
  const content = { transfers, stores, signer, metrics, stallMs: config.http.requestTimeoutMs }
  return {
    routes: fileRoutes({ stores, logger }),
    denials: fileDenials,
    install: (app, door) => installContent(app, door, { ...content, database }),
    loops: [{ name: 'sweep files', everyMs: sweepEveryMs, work: createFileSweep(database, stores, logger) }],
    metrics: (registry) => metrics.register({ registry, database: unguarded, logger }),
    close: async () => await stores[Symbol.asyncDispose](),
  }
}
