/** Tokens per character of a run, by kind, such that the usual tokenizers seldom count more. */
const wordCharactersPerToken = 4
const digitsPerToken = 2
const spacesPerToken = 4

type Kind = 'word' | 'digit' | 'space' | 'mark' | 'wide'

/** About how many tokens a text has, in one linear pass without a tokenizer: meant for the size of a hold, not for a bill. */
export function estimateTokens(text: string): number {
  let tokens = 0
  let kind: Kind | undefined
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const next = kindOf(text.charCodeAt(index))
    if (next === kind) {
      length++
      continue
    }
    tokens += tokensOf(kind, length)
    kind = next
    length = 1
  }
  return tokens + tokensOf(kind, length)
}

function kindOf(code: number): Kind {
  if (code >= 0x2e80) return 'wide'
  if (code >= 0x30 && code <= 0x39) return 'digit'
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return 'space'
  if (code >= 0x80 || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) return 'word'
  return 'mark'
}

function tokensOf(kind: Kind | undefined, length: number): number {
  if (kind === undefined) return 0
  if (kind === 'word') return Math.ceil(length / wordCharactersPerToken)
  if (kind === 'digit') return Math.ceil(length / digitsPerToken)
  // The space before a word is part of its token.
  if (kind === 'space') return Math.floor(length / spacesPerToken)
  return length
}
