import { callable, embeddingIndexSet } from '@core/api/functions'
import { buildVectorIndex, type Database } from '@core/database'
import { createEmbeddings, type Space } from '@core/embeddings'
import { type Corpus, createCorpusModel } from './corpus.ts'

export const project = 'bench'

/** A space whose vectors are at hand: what is measured is the store. */
export function openSpace(database: Database, corpus: Corpus, name = 'corpus'): Space {
  const { model, dimensions } = createCorpusModel(corpus)
  return createEmbeddings({ database, project, model, dimensions, cache: { database: false } }).space(name)
}

/** As the control plane's loop does it. */
export async function buildIndex(database: Database, space: Space): Promise<void> {
  const { generation, dims, metric } = (await space.stats()).model
  const type = await buildVectorIndex(database, { generation, dims, metric })
  await callable(database, embeddingIndexSet)({ generation, state: 'ready', type })
}
