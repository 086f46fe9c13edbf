/** Tokens per character of a run, by kind, such that the usual tokenizers seldom count more. */
const wordCharactersPerToken = 4
const digitsPerToken = 2
const spacesPerToken = 4

const word = 0
const digit = 1
const space = 2
const mark = 3
const wide = 4

/** The kind of each UTF-16 code: looking it up takes a quarter of the time of comparing. */
const kinds = Uint8Array.from({ length: 0x10000 }, (_, code) => kindOf(code))

/** About how many tokens a text has, in one linear pass without a tokenizer: meant for the size of a hold, not for a bill. */
export function estimateTokens(text: string): number {
  const { length } = text
  let tokens = 0
  let start = 0
  let kind = length === 0 ? mark : kinds[text.charCodeAt(0)]
  for (let index = 1; index < length; index++) {
    const next = kinds[text.charCodeAt(index)]
    if (next === kind) continue
    tokens += tokensOf(kind, index - start)
    kind = next
    start = index
  }
  return tokens + tokensOf(kind, length - start)
}

function kindOf(code: number): number {
  if (code >= 0x2e80) return wide
  if (code >= 0x30 && code <= 0x39) return digit
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return space
  if (code >= 0x80 || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) return word
  return mark
}

function tokensOf(kind: number | undefined, length: number): number {
  if (kind === word) return Math.ceil(length / wordCharactersPerToken)
  if (kind === digit) return Math.ceil(length / digitsPerToken)
  // The space before a word is part of its token.
  if (kind === space) return Math.floor(length / spacesPerToken)
  return length
}
