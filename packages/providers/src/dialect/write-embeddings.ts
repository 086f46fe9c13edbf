interface Embeddings {
  readonly model: string
  readonly vectors: readonly (readonly number[])[]
  readonly usage: object | undefined
}

/** OpenAI's embeddings. Its official client asks for `base64` and reads what it asked for. */
export function writeEmbeddings({ model, vectors, usage }: Embeddings, encoding: unknown): object {
  const encode = (vector: readonly number[]) =>
    encoding === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) }))
  return { object: 'list', model, data, ...(usage && { usage }) }
}

/** The texts of a request for embeddings; token ids count as one text each list. */
export function readTexts(input: unknown): readonly string[] {
  const items = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input]
  return items.map((text) => (typeof text === 'string' ? text : (JSON.stringify(text) ?? '')))
}
