import { callable, embeddingTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** Spaces in figures, read at a scrape. */
export function registerEmbeddingMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'embeddings',
    gauges: {
      spaces: { name: 'core_embedding_spaces', help: 'Spaces of embeddings.' },
      items: { name: 'core_embedding_items', help: 'Items in them: pieces of documents.' },
      bytes: { name: 'core_embedding_bytes', help: 'Bytes of the texts of these items.' },
      queued: { name: 'core_embedding_queued', help: 'Items that wait for a vector, counted up to 100,000.' },
      failed: { name: 'core_embedding_failed', help: 'Those of them that failed ten times and are not tried again.' },
    },
    read: (options) => callable(dependencies.database, embeddingTotals)({}, options),
  })
}
