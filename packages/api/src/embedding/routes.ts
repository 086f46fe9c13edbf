import { deleteEmbeddingDocuments, listEmbeddingDocuments, putEmbeddingDocuments } from './routes/document.ts'
import { cancelEmbeddingMigration, putEmbeddingMigration } from './routes/migration.ts'
import { measureEmbeddingRecall, searchEmbeddings } from './routes/search.ts'
import { dropEmbeddingSpace, getEmbeddingSpace, listEmbeddingSpaces, putEmbeddingSpace } from './routes/space.ts'

/** In the order of the docs. */
export const routes = [
  listEmbeddingSpaces,
  getEmbeddingSpace,
  putEmbeddingSpace,
  dropEmbeddingSpace,
  putEmbeddingDocuments,
  listEmbeddingDocuments,
  deleteEmbeddingDocuments,
  searchEmbeddings,
  measureEmbeddingRecall,
  putEmbeddingMigration,
  cancelEmbeddingMigration,
] as const
