export { embeddingChanged, embeddingDelete, embeddingDocuments, embeddingUpsert } from './functions/document.ts'
export { embeddingCacheGetMany, embeddingCachePutMany, embeddingSweep } from './functions/kept-vector.ts'
export { embeddingMigrateBegin, embeddingMigrateCancel, embeddingMigrateSwap } from './functions/migration.ts'
export { embeddingDue, embeddingQueueClaim, embeddingQueueSettle } from './functions/queue.ts'
export { embeddingRecall, embeddingSearch } from './functions/search.ts'
export {
  embeddingEnable,
  embeddingSpaceDrop,
  embeddingSpaceList,
  embeddingSpaceOpen,
  embeddingStats,
  embeddingTotals,
} from './functions/space.ts'
export { embeddingIndexDue, embeddingIndexSet } from './functions/vector-index.ts'
