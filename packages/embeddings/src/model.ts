/**
 * A model that turns texts into vectors: the shape of the AI SDK's `EmbeddingModelV4`, of which this names what is used, so
 * that its objects fit without the SDK being installed.
 */
export interface EmbeddingModel {
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: number | undefined | PromiseLike<number | undefined>
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): PromiseLike<{
    embeddings: number[][]
    usage?: { tokens: number } | undefined
  }>
}

/** A model with what identifies its vectors. */
export interface IdentifiedModel {
  readonly model: EmbeddingModel
  readonly dimensions: number
  /** Part of the identity: vectors of two revisions are not compared. */
  readonly revision: string
}
