import { isObject } from '@core/foundation'
import { estimateTokens } from '@core/providers/price'

/** Nine tiles of 170 and the base of 85: an image of 1,536 x 1,536. */
const tokensPerImage = 1_615
/** Bytes of audio, compressed as far as speech is still understood, per token; a document has about as many. */
const bytesPerToken = 200
const mostDepth = 20

/** About how many tokens a prompt has, whatever its form: its texts, and its files by their size. */
export function estimatePrompt(prompt: unknown): number {
  return Math.ceil(count(prompt, undefined, 0))
}

function count(value: unknown, mediaType: unknown, depth: number): number {
  if (typeof value === 'string') return estimateTokens(value)
  if (value instanceof Uint8Array) {
    return typeof mediaType === 'string' && mediaType.startsWith('image/')
      ? tokensPerImage
      : value.length / (typeof mediaType === 'string' && mediaType.startsWith('text/') ? 4 : bytesPerToken)
  }
  if (typeof value !== 'object' || value === null || depth > mostDepth) return 1
  if (value instanceof URL) return tokensPerImage
  const own = isObject(value) ? (value['mediaType'] ?? mediaType) : mediaType
  return Object.values(value).reduce<number>((sum, part) => sum + count(part, own, depth + 1), 0)
}
