export { type Chunk, type ChunkOptions, chunkText } from './chunk.ts'
export {
  createEmbeddings,
  type Embedded,
  type Embeddings,
  type EmbeddingsOptions,
  type FindModelOptions,
  type ModelOptions,
} from './create-embeddings.ts'
export type { EmbedLimits, ModelUsage, Price, SharedVectors, Spend, SpendEstimate, VectorMemory } from './embedder.ts'
export { and, eq, exists, type Filter, type FilterValue, gt, gte, isIn, lt, lte, ne, not, or } from './filter.ts'
export {
  createLocalModel,
  isLocalModel,
  type LocalModelOptions,
  localDimensions,
  localRevision,
} from './local-model.ts'
export type { MigrateOptions, RecallOptions } from './migrate.ts'
export type { EmbeddingModel } from './model.ts'
export {
  type AnswerCache,
  type AskOptions,
  type QuestionStore,
  type SemanticCache,
  type SemanticCacheOptions,
  type SemanticCacheStats,
  semanticCache,
} from './semantic-cache.ts'
export type {
  DeleteOptions,
  DrainOptions,
  EmbeddingDocument,
  Hit,
  Query,
  Rerank,
  SearchOptions,
  SearchResult,
  Space,
  SpaceStats,
  UpsertOptions,
  UpsertProgress,
  UpsertResult,
  Within,
} from './space.ts'
