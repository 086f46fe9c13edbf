import type { EmbeddingModel } from '@core/embeddings'
import { createRandom } from '../random.ts'

export const dims = 384
const perCluster = 100
/** Of each dimension, beside a centre of 1: two items of a centre have a cosine of about 0.8. */
const noise = 0.5

export interface Corpus {
  readonly count: number
  /** Of an item, and of one that is none: `n` beyond the count wraps. */
  vector(n: number): Float32Array
  text(n: number): string
  readonly queries: readonly {
    readonly vector: number[]
    readonly text: string
    readonly nearest: ReadonlySet<number>
  }[]
}

/** Items around centres, a hundred each, of unit length, with a text of 20 words; queries, and what is nearest to each by comparing all. */
export function createCorpus(count: number, queryCount: number): Corpus {
  const random = createRandom(7)
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const centres = Array.from({ length: Math.ceil(count / perCluster) }, () =>
    Float32Array.from({ length: dims }, gauss),
  )
  const near = (cluster: number): Float32Array => {
    const centre = centres[cluster % centres.length] ?? new Float32Array(dims)
    const vector = centre.map((value) => value + noise * gauss())
    const length = Math.hypot(...vector)
    return vector.map((value) => value / length)
  }
  const vectors = Array.from({ length: count }, (_, n) => near(n))
  const word = () => `word${Math.floor(5_000 * random() ** 3)}`
  const texts = vectors.map((_, n) => `item${n} ${Array.from({ length: 19 }, word).join(' ')}`)
  const queries = Array.from({ length: queryCount }, () => {
    const vector = near(Math.floor(random() * centres.length))
    return { vector: Array.from(vector), text: `${word()} ${word()}`, nearest: findNearest(vectors, vector, 10) }
  })
  return {
    count,
    vector: (n) => vectors[n % count] ?? new Float32Array(dims),
    text: (n) => texts[n % count] ?? '',
    queries,
  }
}

/** A model that knows the vector of each item from its text, and gives other texts the vector of some item. */
export function createCorpusModel(corpus: Corpus): { model: EmbeddingModel; dimensions: number; texts: () => number } {
  let texts = 0
  const model: EmbeddingModel = {
    provider: 'bench',
    modelId: 'corpus',
    maxEmbeddingsPerCall: 1_000,
    async doEmbed({ values }) {
      texts += values.length
      const numberOf = (text: string) => Number(/^item(\d+)/.exec(text)?.[1] ?? text.length * text.charCodeAt(4))
      const embeddings = values.map((value) => Array.from(corpus.vector(numberOf(value))))
      return { embeddings, usage: { tokens: values.length } }
    },
  }
  return { model, dimensions: dims, texts: () => texts }
}

export function toVectorText(vector: ArrayLike<number>): string {
  return `[${Array.from(vector, (value) => Number(value.toPrecision(6))).join(',')}]`
}

function findNearest(vectors: readonly Float32Array[], query: Float32Array, k: number): Set<number> {
  const best: { n: number; product: number }[] = []
  for (const [n, vector] of vectors.entries()) {
    let product = 0
    for (let at = 0; at < dims; at++) product += (vector[at] ?? 0) * (query[at] ?? 0)
    if (best.length === k && product <= (best.at(-1)?.product ?? 0)) continue
    const place = best.findIndex((one) => one.product < product)
    best.splice(place < 0 ? best.length : place, 0, { n, product })
    if (best.length > k) best.pop()
  }
  return new Set(best.map(({ n }) => n))
}
