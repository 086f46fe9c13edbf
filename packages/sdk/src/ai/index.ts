export { type MeterableEmbedding, meteredEmbedding } from './metered-embedding.ts'
export { type MeterableModel, type MeteredModelOptions, meteredModel } from './metered-model.ts'
export type { MeteredOptions } from './metered-options.ts'
