import type { EmbeddingModel } from './model.ts'

export interface LocalModelOptions {
  /** 16 to 4,000; default 384. */
  dimensions?: number | undefined
}

export const localDimensions = 384
/** Changes when the same text would get another vector. */
export const localRevision = '2'

const [provider, name] = ['core', 'local']

/** Whether these name a local model: its calls cost nothing. */
export function isLocalModel(of: string, modelId: string): boolean {
  return of === provider && modelId.startsWith(`${name}-`)
}

const stopWords = new Set(
  `a an and are as at be but by can do does for from had has have how i if in into is it its me my not of on or our should
  so than that the their them then there these they this to was we what when where which who why will with without would
  you your`.split(/\s+/),
)
const weights = { word: 1, stopWord: 0.1, pair: 0.15, piece: 0.2 }
/** A first line is the headings above a text: it says what the text is about. */
const titleWeight = 4

/**
 * A model that needs no network and no weights: it hashes words, pairs of words and pieces of words to dimensions. It finds
 * texts that share words or parts of words, deterministically; it knows no synonyms and no meaning.
 */
export function createLocalModel({ dimensions = localDimensions }: LocalModelOptions = {}): EmbeddingModel {
  return {
    provider,
    modelId: `${name}-${dimensions}`,
    maxEmbeddingsPerCall: 1000,
    async doEmbed({ values, abortSignal }) {
      const embeddings: number[][] = []
      for (const [index, value] of values.entries()) {
        // Other work of the process gets its turn.
        if (index % 16 === 15) await new Promise((resolve) => setImmediate(resolve))
        abortSignal?.throwIfAborted()
        embeddings.push(embedLocally(value, dimensions))
      }
      return { embeddings, usage: { tokens: 0 } }
    },
  }
}

function embedLocally(text: string, dimensions: number): number[] {
  const counts = new Map<string, number>()
  const add = (feature: string, weight: number) => counts.set(feature, (counts.get(feature) ?? 0) + weight)
  let before: string | undefined
  const titleEnd = text.indexOf('\n')
  for (const { 0: word, index } of text
    .toLowerCase()
    .normalize('NFKC')
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    const stem = stemOf(word)
    const weight = index < titleEnd ? titleWeight : 1
    const isStopWord = stopWords.has(word)
    add(`w:${stem}`, weight * (isStopWord ? weights.stopWord : weights.word))
    if (!isStopWord) {
      if (before !== undefined) add(`p:${before} ${stem}`, weight * weights.pair)
      before = stem
      const padded = `<${stem}>`
      for (let at = 0; at + 4 <= padded.length; at++) add(`c:${padded.slice(at, at + 4)}`, weight * weights.piece)
    }
  }
  // A text without words still is one: its characters give it a direction.
  if (counts.size === 0) add(`t:${text}`, 1)
  const vector = new Array<number>(dimensions).fill(0)
  for (const [feature, count] of counts) {
    const hash = hashOf(feature)
    const index = (hash >>> 1) % dimensions
    vector[index] = (vector[index] ?? 0) + (hash & 1 ? 1 : -1) * Math.sqrt(count)
  }
  return normalize(vector)
}

/** Endings that seldom change what a word is about. */
function stemOf(word: string): string {
  if (word.length <= 4) return word.endsWith('s') && word.length === 4 ? word.slice(0, -1) : word
  return word.replace(/(?:ations?|ings?|ements?|ies|ed|es|er|s)$/, '') || word
}

/** FNV-1a, with its bits mixed once more: the low bits choose the sign. */
function hashOf(feature: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < feature.length; at++) hash = Math.imul(hash ^ feature.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function normalize(vector: number[]): number[] {
  const length = Math.hypot(...vector)
  // Features of opposite signs may cancel each other in a very short text.
  if (length === 0) return vector.map((_, index) => (index === 0 ? 1 : 0))
  return vector.map((value) => value / length)
}
